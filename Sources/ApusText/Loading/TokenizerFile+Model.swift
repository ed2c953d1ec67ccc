// Reads the model of a tokenizer.json: its vocabulary, and merges or scores. Read first: TokenizerFile.swift.

import ApusBase
import ApusFiles

/// A model that is complete except for one choice.
struct ModelDraft {
  /// Whether the model has a token for every byte in the spelling of `ByteAlphabet`.
  let coversBytes: Bool
  /// Creates the model; the argument is whether it will receive raw bytes.
  let make: (_ onBytes: Bool) -> any TokenModel
}

extension TokenizerFile {
  func model(_ value: JSONField) throws(FileFormatError) -> ModelDraft {
    switch try value["type"]?.string() ?? guessedType(value) {
    case "WordPiece": return try wordPiece(value)
    case "BPE": return try bytePair(value)
    case "Unigram": return try unigram(value)
    default: throw try unknown(value, ["WordPiece", "BPE", "Unigram"])
    }
  }

  /// Infers the type of the model, which early versions of the format do not specify.
  private func guessedType(_ value: JSONField) -> String {
    if value["merges"] != nil { return "BPE" }
    if case .array? = value["vocab"]?.tree { return "Unigram" }
    return value["max_input_chars_per_word"] != nil ? "WordPiece" : ""
  }

  private func vocabulary(_ value: JSONField) throws(FileFormatError) -> Vocabulary {
    let field = try value.require("vocab", "the vocabulary")
    let members = try field.members()
    var vocabulary = Vocabulary(capacity: members.count)
    for (key, tree) in members {
      guard case .number(let digits) = tree, let id = Int(digits), id >= 0, id < Vocabulary.maximumID else {
        throw FileFormatError(
          path: path, place: .key("\(field.place).\(quoted(key))"),
          expected: "an id from 0 to \(Vocabulary.maximumID - 1)", found: tree.summary)
      }
      vocabulary.insert(Array(key.utf8), id: id)
    }
    return vocabulary
  }

  private func wordPiece(_ value: JSONField) throws(FileFormatError) -> ModelDraft {
    let vocabulary = try vocabulary(value)
    let name = try value.string("unk_token", default: "[UNK]")
    guard let unknown = vocabulary.id(of: name) else {
      throw value.error("the unknown token in the vocabulary", "no \(quoted(name))")
    }
    let model = WordPieceModel(
      vocabulary: vocabulary, unknown: unknown,
      prefix: Array(try value.string("continuing_subword_prefix", default: "##").utf8),
      longestWord: try value["max_input_chars_per_word"]?.int(0...Int(Int32.max)) ?? 100)
    return ModelDraft(coversBytes: false) { _ in model }
  }

  // MARK: Byte-pair encoding

  private func bytePair(_ value: JSONField) throws(FileFormatError) -> ModelDraft {
    if let dropout = value["dropout"], try dropout.double() != 0 {
      throw dropout.error("no dropout, because encoding must be deterministic")
    }
    let vocabulary = try vocabulary(value)
    var options = BytePairModel.Options()
    if let name = value["unk_token"] {
      guard let unknown = vocabulary.id(of: try name.string()) else { throw name.error("a token in the vocabulary") }
      options.unknown = unknown
    }
    options.fusesUnknown = try value.bool("fuse_unk", default: false)
    options.fallsBackToBytes = try value.bool("byte_fallback", default: false)
    options.ignoresMerges = try value.bool("ignore_merges", default: false)
    options.prefix = Array(try value.string("continuing_subword_prefix", default: "").utf8)
    options.suffix = Array(try value.string("end_of_word_suffix", default: "").utf8)
    let merges = try merges(value, vocabulary, prefix: options.prefix)
    let finalOptions = options
    return ModelDraft(coversBytes: BytePairModel.coversBytes(vocabulary, options)) { onBytes in
      BytePairModel(vocabulary: vocabulary, merges: merges, options: finalOptions, onBytes: onBytes)
    }
  }

  private func merges(
    _ value: JSONField, _ vocabulary: Vocabulary, prefix: [UInt8]
  ) throws(FileFormatError) -> MergeTable {
    let field = try value.require("merges", "the merges")
    guard case .array(let list) = field.tree else { throw field.error("an array of pairs") }
    var merges = MergeBuilder(vocabulary: vocabulary, prefix: prefix, count: list.count)
    for (rank, entry) in list.enumerated() {
      // A merge is an array of two strings, or in older files one string with a space between the two.
      var isAdded = false
      switch entry {
      case .array(let pair):
        if pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1] {
          isAdded = merges.add(Array(left.utf8), Array(right.utf8), rank: rank)
        }
      case .string(let text): isAdded = merges.add(line: Array(text.utf8), rank: rank)
      default: break
      }
      guard isAdded else {
        throw FileFormatError(
          path: path, place: .key("\(field.place)[\(rank)]"), expected: "two tokens whose concatenation is a token",
          found: MergeBuilder.description(of: entry))
      }
    }
    return merges.table
  }

  // MARK: Unigram

  private func unigram(_ value: JSONField) throws(FileFormatError) -> ModelDraft {
    let field = try value.require("vocab", "the pieces and their scores")
    guard case .array(let list) = field.tree, !list.isEmpty else { throw field.error("an array of pieces and scores") }
    var vocabulary = Vocabulary(capacity: list.count)
    var scores: [Double] = []
    var matched: [(id: Int32, bytes: [UInt8])] = []
    for (id, entry) in list.enumerated() {
      guard case .array(let pair) = entry, pair.count == 2, case .string(let piece) = pair[0],
        case .number(let digits) = pair[1], let score = Double(digits), score.isFinite, id < Vocabulary.maximumID
      else {
        throw FileFormatError(
          path: path, place: .key("\(field.place)[\(id)]"), expected: "a piece and its score", found: entry.summary)
      }
      vocabulary.insert(Array(piece.utf8), id: id)
      scores.append(score)
      matched.append((Int32(id), Array(piece.utf8)))
    }
    var options = UnigramModel.Options()
    options.unknown = Int32(try value.require("unk_id", "the id of the unknown piece").int(0...list.count - 1))
    options.fallsBackToBytes = try value.bool("byte_fallback", default: false)
    let model = UnigramModel(vocabulary: vocabulary, scores: scores, matched: matched, options: options)
    return ModelDraft(coversBytes: false) { _ in model }
  }
}

/// Collects merges in the order of their ranks.
struct MergeBuilder {
  private let vocabulary: Vocabulary
  private let prefix: [UInt8]
  private(set) var table: MergeTable

  init(vocabulary: Vocabulary, prefix: [UInt8] = [], count: Int) {
    (self.vocabulary, self.prefix) = (vocabulary, prefix)
    table = MergeTable(capacity: count)
  }

  /// Adds a merge; returns false if one of the two tokens or their concatenation is not in the vocabulary.
  mutating func add(_ left: [UInt8], _ right: [UInt8], rank: Int) -> Bool {
    let rest = prefix.isEmpty || !right.starts(with: prefix) ? right[...] : right.dropFirst(prefix.count)
    let (a, b, both) = (vocabulary.id(of: left), vocabulary.id(of: right), vocabulary.id(of: left + rest))
    guard a >= 0, b >= 0, both >= 0 else { return false }
    table.insert(a, b, rank: rank, merged: both)
    return true
  }

  /// Adds a merge from a line that has the two tokens with a space between them.
  mutating func add(line: [UInt8], rank: Int) -> Bool {
    guard let space = line.firstIndex(of: 0x20), !line[(space + 1)...].contains(0x20) else { return false }
    return add(Array(line[..<space]), Array(line[(space + 1)...]), rank: rank)
  }

  static func description(of tree: JSONDocument) -> String {
    if case .array(let pair) = tree, pair.count == 2 { return "\(pair[0].summary) and \(pair[1].summary)" }
    return tree.summary
  }
}
