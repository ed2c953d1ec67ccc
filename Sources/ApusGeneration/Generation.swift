// Generation of whole texts for a batch of prompts. Read first: GenerationSettings.swift, TokenGenerator.swift.
// Read next: BeamSearch.swift, TokenStream.swift, SpeculativeDecoding.swift.

public import ApusTensor

extension CausalDecoder {
  /// Continues prompts.
  ///
  /// Shorter prompts are padded on the left, which does not change what is generated. A text that reaches the model's last
  /// position ends there.
  ///
  /// - Parameters:
  ///   - prompts: the tokens of each prompt, at least one.
  ///   - settings: how tokens are chosen and when texts end.
  ///   - generator: the source of random numbers; the same generator gives the same texts.
  /// - Returns: a sequence for each prompt, in order.
  /// - Throws: everything that is wrong with the prompts and the settings.
  public func generate(
    _ prompts: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> [GeneratedSequence] {
    complete(self, try GenerationStart(self, prompts, settings), settings, generator)
  }

  /// A generation to be stepped through, with all prompts side by side; there is no beam search.
  public func generator(
    _ prompts: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenGenerator {
    TokenGenerator(self, try GenerationStart(self, prompts, settings), settings: settings, using: generator)
  }
}

extension ConditionalDecoder {
  /// Generates target texts, such as translations, summaries or answers.
  ///
  /// - Parameters:
  ///   - sources: the tokens of each source, at least one.
  ///   - settings: how tokens are chosen and when texts end.
  ///   - generator: the source of random numbers; the same generator gives the same texts.
  /// - Returns: a sequence for each source, in order, beginning with the start token.
  /// - Throws: everything that is wrong with the sources and the settings.
  public func generate(
    reading sources: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> [GeneratedSequence] {
    complete(self, try GenerationStart(self, reading: sources, settings), settings, generator)
  }

  /// A generation to be stepped through, with all sources side by side; there is no beam search.
  public func generator(
    reading sources: [[Int32]], settings: GenerationSettings, using generator: RandomGenerator = .current
  ) throws(GenerationError) -> TokenGenerator {
    TokenGenerator(self, try GenerationStart(self, reading: sources, settings), settings: settings, using: generator)
  }
}

private func complete(
  _ model: any AutoregressiveModel, _ start: GenerationStart, _ settings: GenerationSettings,
  _ generator: RandomGenerator
) -> [GeneratedSequence] {
  if settings.beams > 1 { return BeamSearch(model, start, settings).run() }
  let generation = TokenGenerator(model, start, settings: settings, using: generator)
  while generation.next() != nil {}
  return generation.sequences
}
