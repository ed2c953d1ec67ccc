// From tokens back to text. Read first: ../PreTokenization/ByteAlphabet.swift.
// Read next: ../Tokenizer/StreamingDecoder.swift.

import ApusBase

/// Turns spelled tokens into parts of a text, which are joined at the end.
protocol TextDecoder: Sendable {
  func decode(_ tokens: [String]) -> [String]
}

/// One after the other.
struct DecoderSequence: TextDecoder {
  let steps: [any TextDecoder]

  func decode(_ tokens: [String]) -> [String] { steps.reduce(tokens) { $1.decode($0) } }
}

/// Joins "##" parts to what stands before them, and puts spaces between all others.
struct WordPieceDecoder: TextDecoder {
  let prefix: String
  let cleansUp: Bool

  func decode(_ tokens: [String]) -> [String] {
    tokens.enumerated().map { i, token in
      var token = token
      if i > 0 {
        if token.utf8.starts(with: prefix.utf8) {
          token = String(decoding: token.utf8.dropFirst(prefix.utf8.count), as: UTF8.self)
        } else {
          token = " " + token
        }
      }
      return cleansUp ? TokenCleanUp.apply(token) : token
    }
  }
}

/// The clean-up of English spacing that transformers does.
enum TokenCleanUp {
  private static let replacements: [(TextPattern, String)] = [
    (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
    (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
  ].map { (TextPattern(string: $0), $1) }

  static func apply(_ token: String) -> String {
    replacements.reduce(token) { text, rule in
      text.utf8.contains(0x20) ? rule.0.replacing(in: text, with: rule.1) : text
    }
  }
}

/// Bytes from their characters.
struct ByteLevelDecoder: TextDecoder {
  func decode(_ tokens: [String]) -> [String] {
    var bytes: [UInt8] = []
    for token in tokens where !ByteAlphabet.appendBytes(of: token, to: &bytes) { bytes += token.utf8 }
    return [String(decoding: bytes, as: UTF8.self)]
  }
}

/// Spaces from "▁", of which the first one may have been added.
struct MetaspaceDecoder: TextDecoder {
  let replacement: UInt32
  let dropsFirst: Bool

  func decode(_ tokens: [String]) -> [String] {
    tokens.enumerated().map { i, token in
      var result = String.UnicodeScalarView()
      for scalar in token.unicodeScalars {
        if scalar.value != replacement { result.append(scalar) } else if i > 0 || !dropsFirst { result.append(" ") }
      }
      return String(result)
    }
  }
}

/// A space for every end of a word but the last: "</w>".
struct SuffixDecoder: TextDecoder {
  let suffix: String

  func decode(_ tokens: [String]) -> [String] {
    let pattern = TextPattern(string: suffix)
    return tokens.enumerated().map { i, token in
      pattern.replacing(in: token, with: i == tokens.count - 1 ? "" : " ")
    }
  }
}

/// Characters from runs of `<0xE2>`; a run that is no UTF-8 becomes as many replacement characters.
struct ByteFallbackDecoder: TextDecoder {
  func decode(_ tokens: [String]) -> [String] {
    var result: [String] = []
    var bytes: [UInt8] = []
    func flush() {
      guard !bytes.isEmpty else { return }
      if let text = String(validating: bytes, as: UTF8.self) {
        result.append(text)
      } else {
        result += bytes.map { _ in "\u{FFFD}" }
      }
      bytes.removeAll()
    }
    for token in tokens {
      if let byte = ByteFallbackDecoder.byte(token) {
        bytes.append(byte)
      } else {
        flush()
        result.append(token)
      }
    }
    flush()
    return result
  }

  /// The byte that a token like `<0xE2>` stands for.
  static func byte(_ token: String) -> UInt8? {
    let text = Array(token.utf8)
    guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
  }
}

/// All tokens as one.
struct FuseDecoder: TextDecoder {
  func decode(_ tokens: [String]) -> [String] { [tokens.joined()] }
}

/// Drops up to so many of one character at the ends of every token.
struct StripDecoder: TextDecoder {
  let content: Unicode.Scalar
  let start: Int
  let stop: Int

  func decode(_ tokens: [String]) -> [String] {
    tokens.map { token in
      let scalars = Array(token.unicodeScalars)
      let leading = scalars.prefix(start).prefix { $0 == content }.count
      let trailing = scalars.dropFirst(leading).reversed().prefix(stop).prefix { $0 == content }.count
      return String(String.UnicodeScalarView(scalars[leading..<scalars.count - trailing]))
    }
  }
}

/// Replaces a pattern in every token.
struct ReplaceDecoder: TextDecoder {
  let pattern: TextPattern
  let replacement: String

  func decode(_ tokens: [String]) -> [String] { tokens.map { pattern.replacing(in: $0, with: replacement) } }
}

/// The text of a sequence of sounds: repeats are one, and the padding between them is none.
struct CTCDecoder: TextDecoder {
  let padding: String
  let delimiter: String
  let cleansUp: Bool

  func decode(_ tokens: [String]) -> [String] {
    var result: [String] = []
    var previous: String?
    for token in tokens {
      defer { previous = token }
      if let previous, previous.utf8.elementsEqual(token.utf8) { continue }
      var text = TextPattern(string: padding).replacing(in: token, with: "")
      if cleansUp {
        text = TextPattern(string: delimiter).replacing(in: TokenCleanUp.apply(text), with: " ")
      }
      if !text.isEmpty { result.append(text) }
    }
    return result
  }
}
