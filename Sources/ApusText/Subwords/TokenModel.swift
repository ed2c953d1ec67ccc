// The interface of all subword models: they cut pieces of a text into tokens.
// Read first: Vocabulary.swift. Read next: WordPieceModel.swift, BytePairModel.swift, UnigramModel.swift.

/// A range of bytes in an aligned text.
struct Piece: Equatable, Sendable {
  var start: Int32
  var end: Int32

  init(_ start: Int, _ end: Int) { (self.start, self.end) = (Int32(start), Int32(end)) }
}

/// The tokens found so far: their ids, and the range of bytes of each.
struct TokenList {
  var ids: [Int32] = []
  var pieces: [Piece] = []

  mutating func append(_ id: Int32, _ start: Int, _ end: Int) {
    ids.append(id)
    pieces.append(Piece(start, end))
  }
}

/// A subword model, which cuts pieces of text into tokens of a vocabulary.
protocol TokenModel: Sendable {
  var vocabulary: Vocabulary { get }
  /// The unknown token, if encodings show the original text in place of its name.
  var literalUnknown: Int32? { get }

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList)
}

extension TokenModel {
  var literalUnknown: Int32? { nil }
}

/// The working memory of a model; used by one thread at a time.
final class TokenScratch: @unchecked Sendable {
  // The class is Sendable because `ScratchPool` passes each instance between threads under a lock.
  let cache = WordCache()
  var ids: [Int32] = []
  var lengths: [Int32] = []
  var values: [UInt64] = []
  var previous: [Int32] = []
  var next: [Int32] = []
  var heap = MinHeap()
  var scores: [Double] = []
  var starts: [Int32] = []
}

/// The tokens of recent words: a small direct-mapped table, in which a new word replaces an old one.
///
/// Only words of at most 16 bytes and 6 tokens are stored, which covers almost all words. So all entries have one size,
/// and the memory is bounded for any text.
final class WordCache {
  static let longestWord = 16
  static let mostTokens = 6
  private static let bits = 14

  private struct Entry {
    var low: UInt64 = 0
    var high: UInt64 = 0
    /// From the lowest byte on: the length of the word, the number of tokens, and the end of each token.
    var lengths: UInt64 = 0
    var ids: (Int32, Int32, Int32, Int32, Int32, Int32) = (0, 0, 0, 0, 0, 0)
  }

  private let entries: UnsafeMutablePointer<Entry>

  init() {
    entries = .allocate(capacity: 1 << WordCache.bits)
    entries.initialize(repeating: Entry(), count: 1 << WordCache.bits)
  }

  deinit { entries.deallocate() }

  /// Packs the bytes of a word into two numbers. Together with the length, they identify the word.
  @inline(__always)
  private static func key(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> (UInt64, UInt64) {
    let raw = UnsafeRawPointer(bytes)
    if count >= 8 {
      return (
        raw.loadUnaligned(as: UInt64.self), raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      )
    }
    if count >= 4 {
      let (a, b) = (
        raw.loadUnaligned(as: UInt32.self), raw.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
      )
      return (UInt64(a) | UInt64(b) << 32, 0)
    }
    return (UInt64(bytes[0]) | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1]) << 16, 0)
  }

  @inline(__always)
  private static func slot(_ key: (UInt64, UInt64), _ count: Int) -> Int {
    let mixed = (key.0 ^ (key.1 << 23 | key.1 >> 41) &+ UInt64(count)) &* 0x9E37_79B9_7F4A_7C15
    return Int(truncatingIfNeeded: ((mixed ^ mixed >> 29) &* 0xBF58_476D_1CE4_E5B9) >> UInt64(64 - bits))
  }

  /// Appends the tokens of the word from `start` to `end` if the table has them.
  @inline(__always)
  func lookUp(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, into tokens: inout TokenList) -> Bool {
    let count = end - start
    guard count > 0 && count <= WordCache.longestWord else { return false }
    let key = WordCache.key(text + start, count)
    let entry = entries + WordCache.slot(key, count)
    guard entry.pointee.low == key.0, entry.pointee.high == key.1 else { return false }
    var lengths = entry.pointee.lengths
    guard lengths & 0xFF == UInt64(count) else { return false }
    let number = Int(lengths >> 8 & 0xFF)
    lengths >>= 16
    let ids = UnsafeRawPointer(entry).advanced(by: 24).assumingMemoryBound(to: Int32.self)
    var from = start
    for i in 0..<number {
      let to = start + Int(lengths & 0xFF)
      tokens.append(ids[i], from, to)
      (from, lengths) = (to, lengths >> 8)
    }
    return true
  }

  /// Stores the tokens of a word, which are those from `first` on.
  func store(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ tokens: TokenList, from first: Int) {
    let (count, number) = (end - start, tokens.ids.count - first)
    guard count > 0 && count <= WordCache.longestWord && number <= WordCache.mostTokens else { return }
    var entry = Entry()
    var from = start
    for i in 0..<number {
      // The ends alone cannot represent tokens that overlap or leave gaps.
      let piece = tokens.pieces[first + i]
      guard Int(piece.start) == from, Int(piece.end) <= end else { return }
      withUnsafeMutableBytes(of: &entry.ids) {
        $0.storeBytes(of: tokens.ids[first + i], toByteOffset: 4 * i, as: Int32.self)
      }
      entry.lengths |= UInt64(Int(piece.end) - start) << UInt64(16 + 8 * i)
      from = Int(piece.end)
    }
    let key = WordCache.key(text + start, count)
    (entry.low, entry.high) = key
    entry.lengths |= UInt64(count) | UInt64(number) << 8
    entries[WordCache.slot(key, count)] = entry
  }
}
