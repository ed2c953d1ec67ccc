// Decoders, which convert tokens back to text. Read first: ../PreTokenization/ByteAlphabet.swift.
// Read next: ../Tokenizer/StreamingDecoder.swift.

import ApusBase

/// A decoding step: converts tokens to parts of a text, which are concatenated after the last step.
protocol TextDecoder: Sendable {
  func decode(_ tokens: [String]) -> [String]
}

/// Applies several decoders in order.
struct DecoderSequence: TextDecoder {
  let steps: [any TextDecoder]

  func decode(_ tokens: [String]) -> [String] { steps.reduce(tokens) { $1.decode($0) } }
}

/// Joins tokens that begin with "##" to the token before them, and puts spaces between all others.
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

/// The cleanup of English spacing that the transformers library applies.
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

/// Converts the characters of byte-level tokens back to bytes.
struct ByteLevelDecoder: TextDecoder {
  func decode(_ tokens: [String]) -> [String] {
    var bytes: [UInt8] = []
    for token in tokens where !ByteAlphabet.appendBytes(of: token, to: &bytes) { bytes += token.utf8 }
    return [String(decoding: bytes, as: UTF8.self)]
  }
}

/// Converts "▁" to spaces; a leading space that encoding may have added is removed.
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

/// Replaces the end-of-word suffix "</w>" by a space, except at the last token.
struct SuffixDecoder: TextDecoder {
  let suffix: String

  func decode(_ tokens: [String]) -> [String] {
    let pattern = TextPattern(string: suffix)
    return tokens.enumerated().map { i, token in
      pattern.replacing(in: token, with: i == tokens.count - 1 ? "" : " ")
    }
  }
}

/// Converts runs of byte tokens such as `<0xE2>` to characters; a run that is not valid UTF-8 becomes one replacement
/// character per byte.
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

  /// The byte that a token such as `<0xE2>` represents, or nil.
  static func byte(_ token: String) -> UInt8? {
    let text = Array(token.utf8)
    guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return nil }
    return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
  }
}

/// Concatenates all tokens.
struct FuseDecoder: TextDecoder {
  func decode(_ tokens: [String]) -> [String] { [tokens.joined()] }
}

/// Removes a character from both ends of every token, up to a maximum number at each end.
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

/// Replaces all matches of a pattern in every token.
struct ReplaceDecoder: TextDecoder {
  let pattern: TextPattern
  let replacement: String

  func decode(_ tokens: [String]) -> [String] { tokens.map { pattern.replacing(in: $0, with: replacement) } }
}

/// Decodes the output of CTC speech models: repeated tokens are merged, and padding tokens are removed.
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
