// Errors of encoding and decoding.
// Read next: CharacterTokenizer.swift, TokenCorpus.swift.

import ApusFiles

/// An error in the input of a tokenizer.
public enum TokenizerError: Error, Hashable, Sendable {
  /// A character that is not in the alphabet. Its position counts Unicode scalars from 0; its line counts from 1.
  case unknownCharacter(Unicode.Scalar, position: Int, line: Int, vocabularySize: Int)
  /// A token that is not in the vocabulary.
  case unknownToken(Int32, position: Int, vocabularySize: Int)
  /// An alphabet that contains a character twice.
  case repeatedCharacter(Unicode.Scalar, first: Int, second: Int)
  /// An encoding that cannot be truncated to the requested length, with the reason.
  case truncation(String)
}

extension TokenizerError: CustomStringConvertible {
  /// One line: the place, what was expected and what was found.
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

/// A character for a message, such as `"é" (U+00E9)`; a control character only by its number.
private func spelled(_ character: Unicode.Scalar) -> String {
  let digits = String(character.value, radix: 16, uppercase: true)
  let number = "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  let visible = onOneLine(String(character))
  return visible == String(character) ? "\"\(visible)\" (\(number))" : number
}
