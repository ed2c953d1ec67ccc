// Search patterns of tokenizers: fixed strings and regular expressions. Read first: PatternProgram.swift.

import ApusBase

/// A fixed string or a regular expression to search for.
struct TextPattern: Sendable {
  private enum Kind: Sendable {
    case string([UInt8])
    case gpt2
    case program(PatternProgram)
  }

  private let kind: Kind

  /// A fixed string.
  init(string: String) { kind = .string(Array(string.utf8)) }

  /// A regular expression in the syntax of Oniguruma.
  init(regex: String) throws(PatternError) {
    kind = regex == GPT2Pattern.text ? .gpt2 : .program(try PatternProgram(PatternParser.parse(regex)))
  }

  /// Calls `body` with every match between `start` and `end`, from left to right and without overlaps. An empty range
  /// has no matches.
  func forEachMatch(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ body: (Int, Int) -> Void) {
    guard start < end else { return }
    switch kind {
    case .gpt2: GPT2Pattern.forEachMatch(bytes, start, end, body)
    case .string(let string):
      guard let first = string.first else { return }
      var i = start
      while i + string.count <= end {
        if bytes[i] == first, UnsafeBufferPointer(start: bytes + i, count: string.count).elementsEqual(string) {
          body(i, i + string.count)
          i += string.count
        } else {
          i += 1
        }
      }
    case .program(let program):
      var workspace = PatternProgram.Workspace()
      var i = start
      var last = -1
      while i <= end {
        if let stop = program.match(bytes, at: i, from: start, to: end, &workspace), stop > i || i != last {
          body(i, stop)
          last = stop
          if stop > i {
            i = stop
            continue
          }
        }
        if i == end { break }
        i += utf8Length(lead: bytes[i])
      }
    }
  }

  /// `text` with every match replaced.
  func replacing(in text: String, with replacement: String) -> String {
    let bytes = Array(text.utf8)
    var result: [UInt8] = []
    bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      var position = 0
      forEachMatch(base, 0, buffer.count) { start, end in
        result.append(contentsOf: buffer[position..<start])
        result.append(contentsOf: replacement.utf8)
        position = end
      }
      result.append(contentsOf: buffer[position...])
    }
    return String(decoding: result, as: UTF8.self)
  }
}

/// Replaces every match of a pattern; the replacement gets the origin of the last scalar of the match.
struct Replace: Normalizer {
  let pattern: TextPattern
  let replacement: String

  func normalize(_ text: inout AlignedText) {
    var editor = TextEditor(text)
    var isChanged = false
    let values = replacement.unicodeScalars.map(\.value)
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      pattern.forEachMatch(base, 0, buffer.count) { start, end in
        isChanged = true
        editor.copy(upTo: start)
        editor.skip(upTo: end)
        for value in values { editor.put(value, change: 1) }
      }
    }
    guard isChanged else { return }
    editor.copy(upTo: text.bytes.count)
    text = editor.result
  }
}
