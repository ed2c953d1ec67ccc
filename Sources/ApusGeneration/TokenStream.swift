// Tokens while they are generated, as an asynchronous sequence. Read first: TokenGenerator.swift.

public import ApusTensor

/// The tokens of one text, each computed when it is requested.
///
/// ```swift
/// var text = tokenizer.streamingDecoder(continuing: prompt)
/// for await token in try model.stream(prompt, settings: settings) { print(text.append(token), terminator: "") }
/// print(text.finish())
/// ```
///
/// Nothing is computed ahead of a request, and a canceled task gets no more tokens.
public struct TokenStream: AsyncSequence {
  /// Computes the next token.
  public struct Iterator: AsyncIteratorProtocol {
    let generator: TokenGenerator

    /// The next token; nil when the text has ended or the task was canceled.
    public mutating func next() async -> Int32? { await next(isolation: nil) }

    /// The same, on the caller's actor.
    public mutating func next(isolation actor: isolated (any Actor)?) async -> Int32? {
      // Other tasks may run between two tokens.
      await Task.yield()
      guard !Task.isCancelled else { return nil }
      return generator.next()?.first ?? nil
    }
  }

  /// The underlying generation, which has the text so far.
  public let generator: TokenGenerator

  /// An iterator over the tokens that are still to come.
  public func makeAsyncIterator() -> Iterator { Iterator(generator: generator) }
}

extension CausalDecoder {
  /// Continues a prompt, token by token.
  ///
  /// - Parameters:
  ///   - prompt: the tokens of the prompt, at least one.
  ///   - settings: how tokens are chosen and when the text ends.
  ///   - generator: the source of random numbers.
  /// - Throws: everything that is wrong with the prompt and the settings.
  public func stream(
    _ prompt: [Int32], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenStream {
    TokenStream(generator: try self.generator([prompt], settings: settings, using: generator))
  }
}

extension ConditionalDecoder {
  /// Generates the target text of a source, token by token.
  ///
  /// - Parameters:
  ///   - source: the tokens of the source, at least one.
  ///   - settings: how tokens are chosen and when the text ends.
  ///   - generator: the source of random numbers.
  /// - Throws: everything that is wrong with the source and the settings.
  public func stream(
    reading source: [Int32], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenStream {
    TokenStream(generator: try self.generator(reading: [source], settings: settings, using: generator))
  }
}
