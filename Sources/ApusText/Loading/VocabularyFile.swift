// Plain vocabulary files: vocab.txt, vocab.json, merges.txt. Read first: ../Subwords/Vocabulary.swift.
// Read next: PlainTokenizer.swift.

import ApusFiles

/// Reads vocabularies and merges from separate files.
enum VocabularyFile {
  /// Reads a file with one token per line. The id of a token is its line number, counted from 0.
  static func lines(_ file: MappedFile) throws(FileFormatError) -> Vocabulary {
    try withExtendedLifetime(file) { () throws(FileFormatError) in
      var vocabulary = Vocabulary(capacity: file.bytes.count / 8)
      try forEachLine(file) { (number, line) throws(FileFormatError) in
        guard number <= Vocabulary.maximumID else {
          throw FileFormatError(
            path: file.path, expected: "at most \(Vocabulary.maximumID) lines", found: "more")
        }
        vocabulary.insert(Array(line), id: number - 1)
      }
      return vocabulary
    }
  }

  /// Reads a JSON object with tokens as keys and ids as values.
  static func object(_ file: MappedFile) throws(FileFormatError) -> Vocabulary {
    let tree = try withExtendedLifetime(file) { () throws(FileFormatError) in
      try JSONDocument(file.bytes, path: file.path)
    }
    let members = try JSONField(tree: tree, place: "", path: file.path).members()
    var vocabulary = Vocabulary(capacity: members.count)
    var problems = ProblemList()
    for (key, value) in members {
      if case .number(let digits) = value, let id = Int(digits), id >= 0, id < Vocabulary.maximumID {
        vocabulary.insert(Array(key.utf8), id: id)
      } else {
        problems.add(
          .key(quoted(key)), expected: "an id from 0 to \(Vocabulary.maximumID - 1)", found: value.summary)
      }
    }
    try problems.check(path: file.path)
    return vocabulary
  }

  /// Reads merges in the order of their ranks, one per line: two tokens with a space between them. The first line may
  /// contain a version.
  static func merges(_ file: MappedFile, _ vocabulary: Vocabulary) throws(FileFormatError) -> MergeTable {
    try withExtendedLifetime(file) { () throws(FileFormatError) in
      // One merge per line: the table does not grow.
      let lines = 1 + file.bytes.count { $0 == UInt8(ascii: "\n") }
      var merges = MergeBuilder(vocabulary: vocabulary, count: lines)
      var rank = 0
      try forEachLine(file) { (number, line) throws(FileFormatError) in
        if line.isEmpty || (number == 1 && line.starts(with: "#version".utf8)) { return }
        guard merges.add(line: Array(line), rank: rank) else {
          throw FileFormatError(
            path: file.path, place: .key("line \(number)"), expected: "two tokens whose concatenation is a token",
            found: quoted(String(decoding: line, as: UTF8.self)))
        }
        rank += 1
      }
      return merges.table
    }
  }

  /// Calls `body` with every line and its number, counted from 1. The line does not include its end, `\n` or `\r\n`.
  private static func forEachLine(
    _ file: MappedFile, _ body: (Int, UnsafeRawBufferPointer) throws(FileFormatError) -> Void
  ) throws(FileFormatError) {
    let bytes = file.bytes
    if let offset = firstInvalidUTF8(in: bytes) {
      throw FileFormatError(
        path: file.path, place: .byte(offset), expected: "UTF-8 text", found: spelled(bytes[offset]))
    }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    var start = bytes.starts(with: mark) ? mark.count : 0
    var number = 0
    while start < bytes.count {
      var end = start
      while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
      let next = end + 1
      if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
      number += 1
      try body(number, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
      start = next
    }
  }
}
