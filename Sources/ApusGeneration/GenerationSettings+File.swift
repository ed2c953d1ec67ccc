// Generation settings from Hugging Face's generation_config.json, or from the same fields in an old config.json.
// Read first: GenerationSettings.swift.

public import ApusFiles
public import Foundation

extension GenerationSettings {
  /// The maximum number of beams in a file; more could exhaust memory.
  package static let mostBeams = 1_024
  /// The library omits fields that have its default values; this is the only default that changes texts.
  private static let usualTopK = 50

  /// The generation settings in a model's folder.
  ///
  /// They are read from generation_config.json, or, where that is missing, from config.json, which held these fields in older
  /// versions. `do_sample` decides whether temperature, top-k (50 if the file has none), top-p and min-p apply. The maximum length
  /// is given including the prompt (`max_length`, which counts an encoder–decoder's start token) or without it
  /// (`max_new_tokens`).
  ///
  /// - Parameters:
  ///   - folder: the model's folder.
  ///   - maximumNewTokens: the maximum number of new tokens if the file has none.
  ///   - promptCount: the number of tokens of `max_length` that are the prompt; 1 for an encoder–decoder.
  /// - Throws: neither file can be read, or everything that is wrong with the fields.
  public init(
    contentsOf folder: URL, maximumNewTokens: Int = 64, promptCount: Int = 1
  ) throws(FileFormatError) {
    let own = folder.appendingPathComponent("generation_config.json")
    let hasOwn = FileManager.default.fileExists(atPath: own.path)
    let url = hasOwn ? own : folder.appendingPathComponent("config.json")
    try self.init(
      JSONDocument(contentsOf: url), path: url.path, maximumNewTokens: maximumNewTokens, promptCount: promptCount)
  }

  /// The generation settings in a document.
  init(
    _ document: JSONDocument, path: String, maximumNewTokens: Int = 64, promptCount: Int = 1
  ) throws(FileFormatError) {
    let file = try GenerationFields(document, path: path)
    self.init(endTokens: file.integers("eos_token_id"))
    self.maximumNewTokens =
      file.integer("max_new_tokens") ?? file.integer("max_length").map { Swift.max(0, $0 - promptCount) }
      ?? maximumNewTokens
    let shortest = file.integer("min_new_tokens") ?? file.integer("min_length").map { $0 - promptCount } ?? 0
    minimumNewTokens = Swift.min(self.maximumNewTokens, Swift.max(0, shortest))
    if let padding = file.integer("pad_token_id") ?? endTokens.first.map(Int.init) { paddingToken = Int32(padding) }
    startToken = file.integer("decoder_start_token_id").map(Int32.init)
    if file.flag("do_sample") == true {
      sampler = Sampler(
        temperature: file.number("temperature", in: 0...1e6) ?? 1,
        topK: Optional(file.integer("top_k") ?? GenerationSettings.usualTopK).flatMap { $0 > 0 ? $0 : nil },
        topP: file.number("top_p", in: 1e-6...1), minP: file.number("min_p", in: 0...1))
      file.expectNoOtherSampling()
    }
    repetitionPenalty = file.number("repetition_penalty", in: 1e-6...1e6) ?? 1
    noRepeatNGramSize = file.integer("no_repeat_ngram_size") ?? 0
    badWords = file.lists("bad_words_ids")
    suppressedTokens = file.integers("suppress_tokens")
    suppressedFirstTokens = file.integers("begin_suppress_tokens")
    // It is forced where the text is one token long: never in a decoder-only model with a longer prompt.
    forcedFirstToken = promptCount == 1 ? file.integers("forced_bos_token_id").first : nil
    forcedLastToken = file.integers("forced_eos_token_id").first
    beams = Swift.max(1, file.integer("num_beams", atMost: GenerationSettings.mostBeams) ?? 1)
    lengthPenalty = file.number("length_penalty", in: -1e6...1e6) ?? 1
    earlyStopping = file.earlyStopping()
    renormalizesLogits = file.flag("renormalize_logits") ?? false
    file.expectNoOtherRules()
    try file.check()
  }
}

/// The fields of a generation_config.json, and the problems found in them.
private final class GenerationFields {
  private let path: String
  private let fields: [String: JSONDocument]
  private var problems: [FileFormatError.Problem] = []

  init(_ document: JSONDocument, path: String) throws(FileFormatError) {
    self.path = path
    guard let fields = document.members else {
      throw FileFormatError(path: path, expected: "an object", found: document.summary)
    }
    self.fields = fields.filter { !$0.value.isNull }
  }

  func check() throws(FileFormatError) {
    if !problems.isEmpty { throw FileFormatError(path: path, problems: problems) }
  }

  private func note(_ key: String, expected: String) {
    problems.append(.init(place: .key(key), expected: expected, found: fields[key]?.summary ?? "nothing"))
  }

  private func token(_ value: JSONDocument) -> Int32? {
    guard case .number(let digits) = value, let number = Int32(digits), number >= 0 else { return nil }
    return number
  }

  func integer(_ key: String, atMost limit: Int = Int(Int32.max)) -> Int? {
    guard let value = fields[key] else { return nil }
    if let number = token(value), number <= limit { return Int(number) }
    note(
      key, expected: limit < Int32.max ? "a whole number from 0 to \(limit)" : "a whole number of at least 0")
    return nil
  }

  func number(_ key: String, in range: ClosedRange<Float>) -> Float? {
    guard let value = fields[key] else { return nil }
    if case .number(let digits) = value, let number = Float(digits), range.contains(number) { return number }
    note(key, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
    return nil
  }

  func flag(_ key: String) -> Bool? {
    guard let value = fields[key] else { return nil }
    if case .bool(let flag) = value { return flag }
    note(key, expected: "true or false")
    return nil
  }

  /// One whole number, or an array of them.
  func integers(_ key: String) -> [Int32] {
    guard let value = fields[key] else { return [] }
    let elements: [JSONDocument] = if case .array(let elements) = value { elements } else { [value] }
    let tokens = elements.compactMap { token($0) }
    if tokens.count != elements.count { note(key, expected: "a whole number or an array of them") }
    return tokens
  }

  func lists(_ key: String) -> [[Int32]] {
    guard let value = fields[key] else { return [] }
    var result: [[Int32]] = []
    if case .array(let lists) = value {
      for case .array(let elements) in lists where !elements.isEmpty {
        let tokens = elements.compactMap { token($0) }
        if tokens.count == elements.count { result.append(tokens) }
      }
      if result.count == lists.count { return result }
    }
    note(key, expected: "an array of arrays of whole numbers, none of them empty")
    return result
  }

  /// Notes sampling methods that are not supported.
  func expectNoOtherSampling() {
    expect("typical_p", 1)
    for key in ["epsilon_cutoff", "eta_cutoff"] { expect(key, 0) }
    expectNothing("top_h")
  }

  /// Notes rules and search methods that are not supported and would change the text.
  func expectNoOtherRules() {
    for key in ["num_beam_groups", "encoder_repetition_penalty", "guidance_scale"] { expect(key, 1) }
    for key in ["encoder_no_repeat_ngram_size", "diversity_penalty", "penalty_alpha"] { expect(key, 0) }
    for key in [
      "sequence_bias", "exponential_decay_length_penalty", "constraints", "force_words_ids", "forced_decoder_ids",
      "dola_layers", "stop_strings", "watermarking_config",
    ] { expectNothing(key) }
  }

  /// Checks that a number has the value that has no effect.
  private func expect(_ key: String, _ neutral: Float) {
    guard let value = fields[key] else { return }
    if case .number(let digits) = value, Float(digits) == neutral { return }
    note(key, expected: "\(Int(neutral)), as nothing else is supported")
  }

  private func expectNothing(_ key: String) {
    switch fields[key] {
    case nil, .array([]): break
    default: note(key, expected: "nothing, as it is not supported")
    }
  }

  func earlyStopping() -> GenerationSettings.EarlyStopping {
    switch fields["early_stopping"] {
    case nil: return .whenNoBetter
    case .bool(let flag): return flag ? .always : .whenNoBetter
    case .string("never"): return .whenImpossible
    default:
      note("early_stopping", expected: "true, false or \"never\"")
      return .whenNoBetter
    }
  }
}
