// Generation token by token, for one text or for several side by side. Read first: AutoregressiveModel.swift, LogitRules.swift.
// Read next: Generation.swift for whole texts, TokenStream.swift for text while it is generated.

import ApusTensor

/// A generation in progress.
///
/// Each step reads the latest tokens of all rows in one pass, and chooses a token for each row that has not ended.
public final class TokenGenerator {
  private let model: any AutoregressiveModel
  private let state: DecoderState
  private let settings: GenerationSettings
  private var rules: LogitRules
  private let generator: RandomGenerator
  private let limit: Int
  private let promptCounts: [Int]
  private var texts: [[Int32]]
  private var finishes: [GeneratedSequence.Finish?]
  private var pending: IndexTensor
  // Buffers of one step, which the next one reuses.
  private var best = IndexTensor([])
  private var uniforms: [Float]
  private var candidates = Candidates()
  private var written: [Int32?]

  /// - Parameters:
  ///   - start: the prompts, and a state made for them.
  ///   - generator: the source of random numbers; the same generator gives the same texts.
  init(
    _ model: any AutoregressiveModel, _ start: GenerationStart, settings: GenerationSettings,
    using generator: RandomGenerator
  ) {
    (self.model, self.settings, self.generator) = (model, settings, generator)
    (state, pending, texts, limit) = (start.state, start.pending, start.texts, start.limit)
    rules = LogitRules(settings)
    promptCounts = start.texts.map(\.count)
    finishes = start.texts.map { _ in start.limit == 0 ? .length : nil }
    uniforms = start.texts.map { _ in 0 }
    written = start.texts.map { _ in nil }
    // (The limit may be far beyond what any text reaches.)
    for row in texts.indices { texts[row].reserveCapacity(texts[row].count + min(limit, 1_024)) }
  }

  /// The sequences so far.
  public var sequences: [GeneratedSequence] {
    texts.indices.map { row in
      GeneratedSequence(ids: texts[row], promptCount: promptCounts[row], finish: finishes[row] ?? .length)
    }
  }

  /// Generates one token in each row that has not ended.
  ///
  /// - Returns: the tokens, nil for rows that had ended before; nil if all had.
  public func next() -> [Int32?]? {
    guard finishes.contains(nil) else { return nil }
    model.withLogits(after: pending, state: state) { choose(&$0) }
    for row in texts.indices {
      guard let token = written[row] else { continue }
      texts[row].append(token)
      let count = texts[row].count - promptCounts[row]
      finishes[row] = settings.ending(texts[row].suffix(count)) ?? (count >= limit ? .length : nil)
    }
    pending.overwrite(as: [texts.count, 1]) { pending in
      for row in written.indices { pending[row] = written[row] ?? settings.paddingToken }
    }
    return written
  }

  /// Chooses a token for each row that has not ended.
  private func choose(_ logits: inout Tensor) {
    let (rows, vocabulary) = (texts.count, model.vocabularySize)
    if rules.areNeeded {
      logits.withUnsafeMutablePointer { pointer in
        for row in 0..<rows where finishes[row] == nil {
          rules.apply(
            to: UnsafeMutableBufferPointer(start: pointer + row * vocabulary, count: vocabulary), text: texts[row],
            written: texts[row].count - promptCounts[row], limit: limit)
        }
      }
    }
    let isGreedy = settings.sampler.temperature == 0
    if isGreedy {
      logits.argMax(into: &best)
    } else {
      // One number for each row, whether it has ended or not, so that a row does not depend on its neighbors.
      uniforms.withUnsafeMutableBufferPointer { generator.drawUniforms(into: $0) }
    }
    logits.withUnsafePointer { pointer in
      for row in 0..<rows {
        guard finishes[row] == nil else {
          written[row] = nil
          continue
        }
        let own = UnsafeBufferPointer(start: pointer + row * vocabulary, count: vocabulary)
        written[row] =
          isGreedy
          ? best.indices[row] : Int32(settings.sampler.draw(own, uniform: uniforms[row], &candidates))
      }
    }
  }
}

/// Checked prompts, and the state of a model for them.
struct GenerationStart {
  var state: DecoderState
  /// The first input, [rows, length], shorter prompts padded on the left.
  var pending: IndexTensor
  var texts: [[Int32]]
  /// The maximum number of new tokens.
  var limit: Int

  /// Prepares a decoder-only model.
  init(_ model: any CausalDecoder, _ prompts: [[Int32]], _ settings: GenerationSettings) throws(GenerationError) {
    try GenerationStart.check(prompts, "prompt", model, settings)
    let length = prompts.map(\.count).max() ?? 0
    texts = prompts
    limit = min(settings.maximumNewTokens, (model.positionLimit ?? .max) - length + 1)
    let padding = prompts.map { length - $0.count }
    state = model.makeState(rows: prompts.count, capacity: length + max(0, limit - 1), padding: padding)
    pending = IndexTensor(
      zip(prompts, padding).flatMap { Array(repeating: $0[0], count: $1) + $0 }, shape: [prompts.count, length])
  }

  /// Prepares an encoder–decoder model, whose encoder reads the sources.
  init(
    _ model: any ConditionalDecoder, reading sources: [[Int32]], _ settings: GenerationSettings
  ) throws(GenerationError) {
    try GenerationStart.check(sources, "source", model, settings)
    guard let start = settings.startToken ?? model.startToken else {
      throw GenerationError(problems: ["the model names no token to begin with"])
    }
    guard start >= 0, Int(start) < model.vocabularySize else {
      throw GenerationError(
        problems: ["startToken: expected a token from 0 to \(model.vocabularySize - 1), found \(start)"])
    }
    let length = sources.map(\.count).max() ?? 0
    let isPadded = sources.contains { $0.count < length }
    let ids = sources.flatMap { $0 + Array(repeating: settings.paddingToken, count: length - $0.count) }
    let tokens = sources.flatMap { row in (0..<length).map { $0 < row.count ? 1 : 0 as Int32 } }
    let shape: Shape = [sources.count, length]
    texts = sources.map { _ in [start] }
    limit = min(settings.maximumNewTokens, model.positionLimit ?? .max)
    state = model.makeState(
      reading: IndexTensor(ids, shape: shape), tokens: isPadded ? IndexTensor(tokens, shape: shape) : nil,
      capacity: max(1, limit))
    pending = IndexTensor(Array(repeating: start, count: sources.count), shape: [sources.count, 1])
  }

  private static func check(
    _ prompts: [[Int32]], _ what: String, _ model: any AutoregressiveModel, _ settings: GenerationSettings
  ) throws(GenerationError) {
    var problems = settings.problems
    if prompts.isEmpty { problems.append("expected at least one \(what), found none") }
    for (row, prompt) in prompts.enumerated() {
      let name = prompts.count == 1 ? what : "\(what) \(row)"
      if prompt.isEmpty { problems.append("\(name): expected at least one token, found none") }
      if let limit = model.positionLimit, prompt.count > limit {
        problems.append("\(name): expected at most \(limit) tokens, found \(prompt.count)")
      }
      if let wrong = prompt.first(where: { $0 < 0 || Int($0) >= model.vocabularySize }) {
        problems.append("\(name): expected tokens from 0 to \(model.vocabularySize - 1), found \(wrong)")
      }
    }
    guard problems.isEmpty else { throw GenerationError(problems: problems) }
  }
}
