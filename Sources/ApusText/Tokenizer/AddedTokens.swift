// Added tokens, such as `[MASK]` and `<|endoftext|>`, which are found in a text before any other step.
// Read first: ../Subwords/ByteStringTable.swift. Read next: Tokenizer.swift.

import ApusFiles

/// A token that is found as a whole in a text, inside or outside the model's vocabulary.
public struct AddedToken: Equatable, Sendable {
  /// The id of the token.
  public let id: Int32
  /// The text of the token.
  public let content: String
  /// Whether the token is found only if it is not part of a longer word.
  public let isSingleWord: Bool
  /// Whether the token includes the white space before it.
  public let stripsLeft: Bool
  /// Whether the token includes the white space after it.
  public let stripsRight: Bool
  /// Whether the token is searched for in the normalized text rather than in the original.
  public let isNormalized: Bool
  /// Whether the token is omitted when tokens are decoded without special tokens.
  public let isSpecial: Bool

  /// Creates a token; by default it is special and must match the text exactly.
  public init(
    id: Int32, content: String, isSingleWord: Bool = false, stripsLeft: Bool = false, stripsRight: Bool = false,
    isNormalized: Bool = false, isSpecial: Bool = true
  ) {
    self.id = id
    self.content = content
    self.isSingleWord = isSingleWord
    self.stripsLeft = stripsLeft
    self.stripsRight = stripsRight
    self.isNormalized = isNormalized
    self.isSpecial = isSpecial
  }

  /// The same token with another id.
  func with(id: Int32) -> AddedToken {
    AddedToken(
      id: id, content: content, isSingleWord: isSingleWord, stripsLeft: stripsLeft, stripsRight: stripsRight,
      isNormalized: isNormalized, isSpecial: isSpecial)
  }
}

/// Finds added tokens in a text, the longest one at every position.
struct AddedTokenFinder: Sendable {
  private var table = ByteStringTable()
  private var tokens: [AddedToken] = []
  /// Whether "▁" counts as white space.
  var markIsSpace = false
  /// For each byte, the lengths of the tokens that begin with it, the longest first.
  private var lengths = [[Int]](repeating: [], count: 256)

  var isEmpty: Bool { tokens.isEmpty }

  mutating func insert(_ token: AddedToken, spelled bytes: [UInt8]) {
    guard let first = bytes.first, table.find(bytes) < 0 else { return }
    table.insert(bytes, value: Int32(tokens.count))
    tokens.append(token)
    let known = lengths[Int(first)]
    if !known.contains(bytes.count) {
      lengths[Int(first)] = (known + [bytes.count]).sorted(by: >)
    }
  }

  /// The parts of a text in order: added tokens, and the text between them with a nil token. Adjacent tokens may share
  /// white space.
  func split(_ text: UnsafeBufferPointer<UInt8>) -> [(token: AddedToken?, start: Int, end: Int)] {
    guard let bytes = text.baseAddress else { return [] }
    let count = text.count
    var result: [(token: AddedToken?, start: Int, end: Int)] = []
    var position = 0
    var i = 0
    if !isEmpty {
      lengths.withUnsafeBufferPointer { lengths in
        while i < count {
          let candidates = lengths[Int(bytes[i])]
          guard !candidates.isEmpty, let (token, length) = match(bytes, i, count, candidates) else {
            i += 1
            continue
          }
          var (start, end) = (i, i + length)
          i = end
          if token.isSingleWord, isWord(bytes, before: start, count) || isWord(bytes, at: end, count) { continue }
          if token.stripsLeft { start = min(start, max(spaceStart(bytes, start), position)) }
          if token.stripsRight { end = spaceEnd(bytes, end, count) }
          // White space that the previous token includes may be a token itself, too.
          if start > position { result.append((nil, position, start)) }
          result.append((token, start, end))
          position = end
        }
      }
    }
    if position < count { result.append((nil, position, count)) }
    return result
  }

  private func match(_ bytes: UnsafePointer<UInt8>, _ i: Int, _ count: Int, _ lengths: [Int]) -> (AddedToken, Int)? {
    for length in lengths where i + length <= count {
      let found = table.find(bytes + i, count: length)
      if found >= 0 { return (tokens[Int(found)], length) }
    }
    return nil
  }

  private func isWord(_ bytes: UnsafePointer<UInt8>, before end: Int, _ count: Int) -> Bool {
    end > 0 && ScalarTable.shared[decodeScalar(bytes, before: end).value].contains(.word)
  }

  private func isWord(_ bytes: UnsafePointer<UInt8>, at start: Int, _ count: Int) -> Bool {
    start < count && ScalarTable.shared[decodeScalar(bytes, at: start).value].contains(.word)
  }

  private func isSpace(_ value: UInt32) -> Bool {
    ScalarTable.shared[value].contains(.space) || (markIsSpace && value == 0x2581)
  }

  private func spaceStart(_ bytes: UnsafePointer<UInt8>, _ end: Int) -> Int {
    var start = end
    while start > 0 {
      let (value, place) = decodeScalar(bytes, before: start)
      guard isSpace(value) else { break }
      start = place
    }
    return start
  }

  private func spaceEnd(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ count: Int) -> Int {
    var end = start
    while end < count {
      let (value, length) = decodeScalar(bytes, at: end)
      guard isSpace(value) else { break }
      end += length
    }
    return end
  }
}
