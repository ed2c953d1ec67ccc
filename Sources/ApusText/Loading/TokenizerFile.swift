// tokenizer.json, the file format of Hugging Face's `tokenizers` library, and its components.
// Read first: JSONField.swift. Read next: TokenizerFile+Model.swift, TokenizerFile+Parts.swift.

import ApusBase
import ApusFiles

/// Reads a `tokenizer.json`.
///
/// Every component is read even if another one is invalid, so that the error lists all problems.
struct TokenizerFile {
  let path: String

  /// Reads the tokenizer from the bytes of a file.
  static func read(
    _ bytes: UnsafeRawBufferPointer, path: String, roles: TokenRoleNames = TokenRoleNames()
  ) throws(FileFormatError) -> Tokenizer {
    let root = JSONField(tree: try JSONDocument(bytes, path: path), place: "", path: path)
    _ = try root.members()
    return try TokenizerFile(path: path).tokenizer(root, roles)
  }

  private func tokenizer(_ root: JSONField, _ names: TokenRoleNames) throws(FileFormatError) -> Tokenizer {
    var problems: [FileFormatError.Problem] = []
    func collect<Result>(_ body: () throws(FileFormatError) -> Result) -> Result? {
      do throws(FileFormatError) {
        return try body()
      } catch {
        problems += error.problems
        return nil
      }
    }
    let added = collect { () throws(FileFormatError) in try addedTokens(root) }
    let normalization = collect { () throws(FileFormatError) in try normalizer(root["normalizer"]) }
    let words = collect { () throws(FileFormatError) in try preTokenizer(root["pre_tokenizer"]) }
    let draft = collect { () throws(FileFormatError) in try model(root.require("model", "the model")) }
    let frame = collect { () throws(FileFormatError) in try postProcessor(root["post_processor"]) }
    let decoding = collect { () throws(FileFormatError) in try decoder(root["decoder"]) }
    _ = collect { () throws(FileFormatError) in try checkGrowth(root) }
    for (index, token) in (added ?? []).enumerated() {
      guard token.isNormalized, !token.content.isEmpty, let normalizer = normalization ?? nil else { continue }
      // An empty normalized token would be found at every position.
      if problems.isEmpty, normalizer.normalize(token.content).isEmpty {
        problems.append(
          .init(
            place: .key("added_tokens[\(index)]"), expected: "a token that is not empty after normalization",
            found: quoted(token.content)))
      }
    }
    let savedTruncation = collect { () throws(FileFormatError) in try truncation(root["truncation"]) }
    let savedPadding = collect { () throws(FileFormatError) in try padding(root["padding"]) }
    guard problems.isEmpty, let draft, let added else { throw FileFormatError(path: path, problems: problems) }
    // If the model has a token for every byte, the last step need not spell words with the byte alphabet.
    var onBytes = false
    var steps = words ?? []
    if let last = steps.last as? ByteLevel, draft.coversBytes {
      steps[steps.count - 1] = ByteLevel(
        addsPrefixSpace: last.addsPrefixSpace, cutsWords: last.cutsWords, spellsBytes: false)
      onBytes = true
    }
    let tokenModel = draft.make(onBytes)
    let numbered = renumbered(added, beside: tokenModel.vocabulary)
    let pipeline = TokenizerPipeline(
      normalizer: normalization ?? nil,
      preTokenizer: steps.isEmpty ? nil : steps.count == 1 ? steps[0] : PreTokenizerSequence(steps: steps),
      model: tokenModel, addedTokens: numbered)
    return Tokenizer(
      pipeline: pipeline, postProcessor: frame ?? nil, decoder: decoding ?? nil, addedTokens: numbered,
      roles: names.roles { name in
        numbered.last { $0.content.utf8.elementsEqual(name.utf8) }?.id ?? tokenModel.vocabulary.id(of: name)
      },
      savedTruncation: savedTruncation ?? nil, savedPadding: savedPadding ?? nil)
  }

  // MARK: Added tokens, truncation, padding

  private func addedTokens(_ root: JSONField) throws(FileFormatError) -> [AddedToken] {
    var tokens: [AddedToken] = []
    guard let list = root["added_tokens"] else { return [] }
    for entry in try list.array() {
      tokens.append(
        AddedToken(
          id: Int32(try entry.require("id", "the token's id").int(0...Vocabulary.maximumID - 1)),
          content: try entry.require("content", "the token").string(),
          isSingleWord: try entry.bool("single_word", default: false),
          stripsLeft: try entry.bool("lstrip", default: false), stripsRight: try entry.bool("rstrip", default: false),
          isNormalized: try entry.bool("normalized", default: false),
          isSpecial: try entry.bool("special", default: false)))
    }
    return tokens
  }

  /// The tokens with the ids that Hugging Face's library assigns, which ignore the ids in the file: the id in the
  /// model's vocabulary, or else the next free id after it. (In files that the library wrote, the ids are the same.)
  private func renumbered(_ tokens: [AddedToken], beside vocabulary: Vocabulary) -> [AddedToken] {
    var next = Int32(vocabulary.count)
    var known: [[UInt8]: Int32] = [:]
    return tokens.map { token in
      let spelled = Array(token.content.utf8)
      let own = vocabulary.id(of: spelled)
      if let id = own >= 0 ? own : known[spelled] { return token.with(id: id) }
      known[spelled] = next
      next += 1
      return token.with(id: next - 1)
    }
  }

  private static let lengths = 0...Int(Int32.max)

  private func truncation(_ value: JSONField?) throws(FileFormatError) -> Truncation? {
    guard let value else { return nil }
    let strategy = try value.string("strategy", default: "LongestFirst")
    let direction = try value.string("direction", default: "Right")
    return Truncation(
      maximumLength: try value.require("max_length", "the length").int(TokenizerFile.lengths),
      strategy: try choice(
        value["strategy"], strategy,
        ["LongestFirst": .longestFirst, "OnlyFirst": .onlyFirst, "OnlySecond": .onlySecond]),
      stride: try value["stride"]?.int(TokenizerFile.lengths) ?? 0,
      direction: try choice(value["direction"], direction, ["Left": .left, "Right": .right]))
  }

  private func padding(_ value: JSONField?) throws(FileFormatError) -> Padding? {
    guard let value else { return nil }
    var length = Padding.Length.longest
    if let strategy = value["strategy"] {
      if let fixed = strategy["Fixed"] {
        length = .fixed(try fixed.int(0...1 << 24))
      } else if try strategy.string() != "BatchLongest" {
        throw strategy.error("\"BatchLongest\" or {\"Fixed\": length}")
      }
    }
    return Padding(
      length, id: Int32(try value["pad_id"]?.int(TokenizerFile.lengths) ?? 0),
      token: try value.string("pad_token", default: "[PAD]"),
      direction: try choice(
        value["direction"], value.string("direction", default: "Right"), ["Left": .left, "Right": .right]),
      multiple: try value["pad_to_multiple_of"]?.int(1...1 << 24),
      typeId: Int32(try value["pad_type_id"]?.int(TokenizerFile.lengths) ?? 0))
  }

  /// The value of one of several words.
  func choice<Value>(
    _ value: JSONField?, _ name: String, _ choices: [String: Value]
  ) throws(FileFormatError) -> Value {
    if let choice = choices[name] { return choice }
    let expected = choices.keys.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
    throw value?.error("one of \(expected)") ?? FileFormatError(path: path, expected: expected, found: quoted(name))
  }

  /// The error for a component of an unknown type.
  func unknown(_ value: JSONField, _ known: [String]) throws(FileFormatError) -> FileFormatError {
    let type = try value.require("type", "the type of the component")
    return type.error("one of \(known.joined(separator: ", "))")
  }

  /// Reads a pattern: `{"String": …}` or `{"Regex": …}`. An empty string matches at every position.
  func pattern(_ value: JSONField) throws(FileFormatError) -> TextPattern {
    if let string = try value["String"]?.string(), !string.isEmpty { return TextPattern(string: string) }
    guard let regex = value["Regex"] ?? value["String"] else {
      throw value.error("{\"String\": …} or {\"Regex\": …}")
    }
    let text = try regex.string()
    do throws(PatternError) {
      return try TextPattern(regex: text)
    } catch {
      throw regex.error(
        "a regular expression of characters, classes, groups, repetitions and lookarounds",
        "\(error.message) at character \(error.position) of \(regex.tree.summary)")
    }
  }
}
