// What can be wrong with a text or a list of tokens.
// Read next: CharacterTokenizer.swift, TokenCorpus.swift.

import ApusFiles

/// A tokenizer met something that it does not know.
public enum TokenizerError: Error, Hashable, Sendable {
  /// A character outside the alphabet: its position counts Unicode scalars from 0, its line from 1.
  case unknownCharacter(Unicode.Scalar, position: Int, line: Int, vocabularySize: Int)
  /// A token that stands for nothing.
  case unknownToken(Int32, position: Int, vocabularySize: Int)
  /// An alphabet with the same character at two places.
  case repeatedCharacter(Unicode.Scalar, first: Int, second: Int)
  /// An encoding that cannot be cut to the length that was asked for, and why.
  case truncation(String)
}

extension TokenizerError: CustomStringConvertible {
  /// One line: where, what was expected, what was found.
  public var description: String {
    switch self {
    case .unknownCharacter(let character, let position, let line, let size):
      "text, line \(line), character \(position): expected one of the \(size) characters of the vocabulary, "
        + "found \(spelled(character))"
    case .unknownToken(let token, let position, let size):
      "token \(position): expected a number from 0 to \(size - 1), found \(token)"
    case .repeatedCharacter(let character, let first, let second):
      "alphabet: expected every character once, found \(spelled(character)) at \(first) and \(second)"
    case .truncation(let reason): "truncation: \(reason)"
    }
  }
}

/// A character for a message: `"é" (U+00E9)`; control characters by their number only.
private func spelled(_ character: Unicode.Scalar) -> String {
  let digits = String(character.value, radix: 16, uppercase: true)
  let number = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  let visible = onOneLine(String(character))
  return visible == String(character) ? "\"\(visible)\" (\(number))" : number
}
