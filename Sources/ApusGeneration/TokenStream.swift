// Tokens while they are written, as an asynchronous sequence. Read first: TokenGenerator.swift.

public import ApusTensor

/// The tokens of one text, each computed when it is asked for.
///
/// ```swift
/// var text = tokenizer.streamingDecoder(continuing: prompt)
/// for await token in try model.stream(prompt, settings: settings) { print(text.append(token), terminator: "") }
/// print(text.finish())
/// ```
///
/// Whoever stops asking stops the computation; a cancelled task gets no more tokens.
public struct TokenStream: AsyncSequence {
  /// Computes the next token.
  public struct Iterator: AsyncIteratorProtocol {
    let generator: TokenGenerator

    /// The next token, or nil when the text has ended or the task was cancelled.
    public mutating func next() async -> Int32? { await next(isolation: nil) }

    /// The same, on the actor that asks.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> Int32? {
      // Between two tokens others may run.
      await Task.yield()
      guard !Task.isCancelled else { return nil }
      return generator.next()?.first ?? nil
    }
  }

  /// The generation behind it, for what there is so far.
  public let generator: TokenGenerator

  /// One pass over the tokens that are still to come.
  public func makeAsyncIterator() -> Iterator { Iterator(generator: generator) }
}

extension CausalDecoder {
  /// Continues a prompt, token by token.
  ///
  /// - Throws: everything that is wrong with the prompt and the settings.
  public func stream(
    _ prompt: [Int32], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenStream {
    TokenStream(generator: try self.generator([prompt], settings: settings, using: generator))
  }
}

extension ConditionalDecoder {
  /// Writes about a source, token by token.
  ///
  /// - Throws: everything that is wrong with the source and the settings.
  public func stream(
    reading source: [Int32], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenStream {
    TokenStream(generator: try self.generator(reading: [source], settings: settings, using: generator))
  }
}
