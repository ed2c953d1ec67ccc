// Whole texts from a model, for a batch of prompts. Read first: GenerationSettings.swift, TokenGenerator.swift.
// Read next: BeamSearch.swift, TokenStream.swift, SpeculativeDecoding.swift.

public import ApusTensor

extension CausalDecoder {
  /// Continues prompts.
  ///
  /// Shorter prompts get padding in front, which changes nothing about what is written. A text that reaches the end of the
  /// model's positions ends there.
  ///
  /// - Parameters:
  ///   - prompts: each at least one token.
  ///   - generator: the source of randomness; the same one gives the same texts.
  /// - Returns: a sequence for every prompt, in order.
  /// - Throws: everything that is wrong with the prompts and the settings.
  public func generate(
    _ prompts: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> [GeneratedSequence] {
    complete(self, try GenerationStart(self, prompts, settings), settings, generator)
  }

  /// A generation that is stepped through by hand, with all prompts side by side; beams are not searched.
  public func generator(
    _ prompts: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenGenerator {
    TokenGenerator(self, try GenerationStart(self, prompts, settings), settings: settings, using: generator)
  }
}

extension ConditionalDecoder {
  /// Writes about sources: translations, summaries, answers.
  ///
  /// - Parameters:
  ///   - sources: each at least one token.
  ///   - generator: the source of randomness; the same one gives the same texts.
  /// - Returns: a sequence for every source, in order, beginning with the start token.
  /// - Throws: everything that is wrong with the sources and the settings.
  public func generate(
    reading sources: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> [GeneratedSequence] {
    complete(self, try GenerationStart(self, reading: sources, settings), settings, generator)
  }

  /// A generation that is stepped through by hand, with all sources side by side; beams are not searched.
  public func generator(
    reading sources: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenGenerator {
    TokenGenerator(self, try GenerationStart(self, reading: sources, settings), settings: settings, using: generator)
  }
}

private func complete(
  _ model: any TokenDecoder, _ start: GenerationStart, _ settings: GenerationSettings, _ generator: RandomGenerator
) -> [GeneratedSequence] {
  if settings.beams > 1 { return BeamSearch(model, start, settings).run() }
  let generation = TokenGenerator(model, start, settings: settings, using: generator)
  while generation.next() != nil {}
  return generation.sequences
}
