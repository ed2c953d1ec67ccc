// A character-level tokenizer: one token per character.
// Read first: TokenizerError.swift. Read next: TokenCorpus.swift, which cuts tokens into training examples.

/// Turns text into one token per Unicode scalar, and back.
///
/// A token is the index of its character in the alphabet. The tokenizer uses Unicode scalars rather than `Character`s,
/// because a text has few different ones, and joining them restores the text exactly.
///
/// ```swift
/// let tokenizer = CharacterTokenizer(alphabetOf: "hello")   // "ehlo"
/// try tokenizer.encode("hole")                              // [1, 3, 2, 0]
/// ```
public struct CharacterTokenizer: Sendable {
  /// The alphabet: the character at index i has token i.
  public let alphabet: [Unicode.Scalar]
  /// The tokens of the 128 ASCII characters, −1 where there is none. Most text needs no other table.
  private let asciiTokens: [Int32]
  private let otherTokens: [Unicode.Scalar: Int32]

  /// The number of tokens in the alphabet.
  public var vocabularySize: Int { alphabet.count }

  /// Creates a tokenizer whose alphabet consists of all characters of `text`, sorted by code point.
  ///
  /// - Complexity: O(text)
  public init(alphabetOf text: String) {
    var isUsed = [Bool](repeating: false, count: 128)
    var others: Set<Unicode.Scalar> = []
    for scalar in text.unicodeScalars {
      if scalar.isASCII { isUsed[Int(scalar.value)] = true } else { others.insert(scalar) }
    }
    let ascii = (0..<128).filter { isUsed[$0] }.map { Unicode.Scalar(UInt8($0)) }
    self.init(distinct: ascii + others.sorted())
  }

  /// Creates a tokenizer with this alphabet, in this order.
  ///
  /// - Throws: if a character occurs twice.
  public init(alphabet: [Unicode.Scalar]) throws(TokenizerError) {
    var places: [Unicode.Scalar: Int] = [:]
    for (place, scalar) in alphabet.enumerated() {
      if let first = places.updateValue(place, forKey: scalar) {
        throw .repeatedCharacter(scalar, first: first, second: place)
      }
    }
    self.init(distinct: alphabet)
  }

  private init(distinct alphabet: [Unicode.Scalar]) {
    self.alphabet = alphabet
    var asciiTokens = [Int32](repeating: -1, count: 128)
    var otherTokens: [Unicode.Scalar: Int32] = [:]
    for (token, scalar) in alphabet.enumerated() {
      if scalar.isASCII { asciiTokens[Int(scalar.value)] = Int32(token) } else { otherTokens[scalar] = Int32(token) }
    }
    self.asciiTokens = asciiTokens
    self.otherTokens = otherTokens
  }

  /// The token of a character, or nil if it is not in the alphabet.
  public func token(of character: Unicode.Scalar) -> Int32? {
    guard character.isASCII else { return otherTokens[character] }
    let token = asciiTokens[Int(character.value)]
    return token < 0 ? nil : token
  }

  /// The tokens of a text, one per Unicode scalar.
  ///
  /// - Complexity: O(text); a megabyte of ASCII takes about a millisecond in an optimized build.
  /// - Throws: an error for the first character that is not in the alphabet.
  public func encode(_ text: String) throws(TokenizerError) -> [Int32] {
    var text = text
    var failed: Int?
    let tokens = text.withUTF8 { bytes in
      asciiTokens.withUnsafeBufferPointer { table in
        [Int32](unsafeUninitializedCapacity: bytes.count) { tokens, count in
          failed = encode(bytes, table: table, to: tokens, count: &count)
        }
      }
    }
    guard let failed else { return tokens }
    // Lines are counted only now, so that the path without errors stays fast.
    let before = text.utf8.prefix(failed)
    let start = text.utf8.index(text.startIndex, offsetBy: failed)
    throw .unknownCharacter(
      text.unicodeScalars[start], position: tokens.count, line: 1 + before.count { $0 == UInt8(ascii: "\n") },
      vocabularySize: vocabularySize)
  }

  /// Writes tokens up to the end of the text or to the first character that has none.
  ///
  /// - Returns: the offset of that character, or nil.
  private func encode(
    _ bytes: UnsafeBufferPointer<UInt8>, table: UnsafeBufferPointer<Int32>,
    to tokens: UnsafeMutableBufferPointer<Int32>, count: inout Int
  ) -> Int? {
    var i = 0
    while i < bytes.count {
      let lead = bytes[i]
      let token: Int32
      let length: Int
      if lead < 0x80 {
        (token, length) = (table[Int(lead)], 1)
      } else {
        // The bytes of a String are valid UTF-8, so the lead byte determines the length.
        length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
        var value = UInt32(lead) & (0x7F >> UInt32(length))
        for j in 1..<length { value = value << 6 | UInt32(bytes[i + j] & 0x3F) }
        token = Unicode.Scalar(value).flatMap { otherTokens[$0] } ?? -1
      }
      if token < 0 { return i }
      tokens[count] = token
      count += 1
      i += length
    }
    return nil
  }

  /// The text of a sequence of tokens.
  ///
  /// - Complexity: O(tokens)
  /// - Throws: an error for the first token that is negative or not below `vocabularySize`.
  public func decode(_ tokens: [Int32]) throws(TokenizerError) -> String {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(tokens.count)
    for (position, token) in tokens.enumerated() {
      guard token >= 0 && token < vocabularySize else {
        throw .unknownToken(token, position: position, vocabularySize: vocabularySize)
      }
      let scalar = alphabet[Int(token)]
      if scalar.isASCII { bytes.append(UInt8(truncatingIfNeeded: scalar.value)) } else { bytes += String(scalar).utf8 }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

extension CharacterTokenizer: Equatable {
  /// Whether both have the same alphabet in the same order.
  public static func == (a: CharacterTokenizer, b: CharacterTokenizer) -> Bool { a.alphabet == b.alphabet }
}

extension CharacterTokenizer: Codable {
  private enum CodingKeys: CodingKey { case alphabet }

  /// Reads `{"alphabet": "…"}`.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let text = try container.decode(String.self, forKey: .alphabet)
    do throws(TokenizerError) {
      try self.init(alphabet: Array(text.unicodeScalars))
    } catch {
      throw DecodingError.dataCorruptedError(forKey: .alphabet, in: container, debugDescription: error.description)
    }
  }

  /// Writes `{"alphabet": "…"}`, with the characters in the order of their tokens.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    var scalars = String.UnicodeScalarView()
    scalars.append(contentsOf: alphabet)
    try container.encode(String(scalars), forKey: .alphabet)
  }
}
