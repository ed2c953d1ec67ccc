// Fuzzes the reader of tokenizer.json. Every tokenizer that opens must encode and decode any text.
// Read first: Fuzz.swift; Sources/ApusText/Loading/TokenizerFile.swift, the code under test.

import Foundation

@testable import ApusFiles
@testable import ApusText

/// Small tokenizers with every kind of model. Inputs replace some of their parts.
private let bases: [[String: JSONDocument]] = [
  #"""
  {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 9,
   "vocab": {"[UNK]": 0, "a": 1, "##b": 2, "##bc": 3, "ab": 4, "é": 5, "日": 6, ".": 7}}
  """#,
  #"""
  {"type": "BPE", "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4, "Ġ": 5, "Ġa": 6, "?": 7},
   "merges": ["a b", "ab c", "Ġ a"], "unk_token": "?", "fuse_unk": true}
  """#,
  #"""
  {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2, "ab</w>": 3, "b</w>": 4, "<0x61>": 5, "<0xC3>": 6, "<0xA9>": 7},
   "merges": [["a", "b"], ["a", "b</w>"]], "end_of_word_suffix": "</w>", "byte_fallback": true}
  """#,
  #"""
  {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁", -1.0], ["a", -2.0], ["b", -2.5], ["ab", -1.5],
   ["▁ab", -0.5], ["日本", -3.0]]}
  """#,
].map { text in
  guard let model = document(Array(text.utf8)) else { fatalError("a tokenizer is not valid JSON: \(text)") }
  let added: [JSONDocument] = [
    JSONDocument(members: ["id": .number("30"), "content": .string("<s>"), "special": .bool(true)]),
    JSONDocument(members: [
      "id": .number("31"), "content": .string("a b"), "lstrip": .bool(true), "single_word": .bool(true),
    ]),
  ]
  return ["model": model, "added_tokens": .array(added)]
}

/// The first byte selects how the other bytes are used: as the whole file, or as parts of a small tokenizer. A text to
/// encode follows after a zero byte.
func fuzzTokenizers(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let pieces = parts(Array(input.dropFirst()), 2)
  var bytes = pieces[0]
  if choice % 5 > 0 {
    guard let changes = document(bytes)?.members else { return }
    let fields = bases[Int(choice % 5) - 1].merging(changes) { old, new in
      guard let inner = old.members, let other = new.members else { return new }
      return JSONDocument(members: inner.merging(other) { $1 })
    }
    bytes = JSONDocument(members: fields).utf8
  }
  let tokenizer: Tokenizer
  do throws(FileFormatError) {
    tokenizer = try open(bytes)
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
    return
  }
  exercise(tokenizer, pieces[1])
}

private func open(_ bytes: [UInt8]) throws(FileFormatError) -> Tokenizer {
  let file = MappedFile(copying: Data(bytes), name: "tokenizer.json")
  return try withExtendedLifetime(file) { () throws(FileFormatError) in
    try TokenizerFile.read(file.bytes, path: file.path)
  }
}

/// Encodes and decodes a fixed text with many kinds of characters, and the given text.
func exercise(_ tokenizer: Tokenizer, _ text: [UInt8]) {
  for text in ["ab é\u{301}日 \u{2581}<s>.\0", String(decoding: text.prefix(100), as: UTF8.self)] where !text.isEmpty {
    guard let encoding = try? tokenizer.encode(text) else { return expect(false, "a text cannot be encoded") }
    expect(
      encoding.offsets.count == encoding.ids.count && encoding.tokens.count == encoding.ids.count, "the counts differ")
    let count = text.unicodeScalars.count
    expect(encoding.offsets.allSatisfy { $0.upperBound <= count }, "an offset beyond the text")
    _ = tokenizer.ids(of: text)
    _ = tokenizer.decode(encoding.ids)
    var stream = tokenizer.streamingDecoder()
    for id in encoding.ids { _ = stream.append(id) }
    _ = stream.finish()
  }
  _ = tokenizer.decode([0, 1, 2, 3, 1 << 30, -1])
}

extension JSONDocument {
  /// The document as the bytes of a file.
  var utf8: [UInt8] {
    switch self {
    case .null: Array("null".utf8)
    case .bool(let value): Array("\(value)".utf8)
    case .number(let digits): Array(digits.utf8)
    case .string(let text): JSONDocument.spelled(text)
    case .array(let elements): [0x5B] + elements.map(\.utf8).joined(separator: [0x2C]) + [0x5D]
    case .object(let members):
      [0x7B] + members.map { JSONDocument.spelled($0.key) + [0x3A] + $0.value.utf8 }.joined(separator: [0x2C]) + [0x7D]
    }
  }

  private static func spelled(_ text: String) -> [UInt8] {
    let escaped = text.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case 0x22, 0x5C: [0x5C, byte]
      case 0..<0x20: Array("\\u00".utf8) + [0x30 + byte / 16, byte % 16 + (byte % 16 < 10 ? 0x30 : 0x57)]
      default: [byte]
      }
    }
    return [0x22] + escaped + [0x22]
  }
}
