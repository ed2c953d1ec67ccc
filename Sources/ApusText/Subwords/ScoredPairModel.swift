// Byte-pair encoding as in SentencePiece: pieces have scores, and there is no list of merges.
// Read first: BytePairModel.swift. Read next: ../Loading/SentencePieceFile.swift.

import ApusBase

/// Merges adjacent symbols whose concatenation is a piece: the piece with the highest score first, the leftmost in case
/// of a tie.
///
/// Characters that are in no piece are encoded as byte tokens, if there are tokens for all 256 bytes; otherwise
/// consecutive ones become one unknown token. The time is O(n log n) for n characters.
struct ScoredPairModel: TokenModel {
  /// The pieces of a model by their use.
  struct Pieces: Sendable {
    /// The pieces that merging can produce. The unused ones among them are cut again into the parts that they were
    /// merged from.
    var matched: [(id: Int32, bytes: [UInt8], isUnused: Bool)] = []
    /// Pieces that are always found as a whole and never merged with others.
    var whole: [(id: Int32, bytes: [UInt8])] = []
    /// The score of every id.
    var scores: [Float] = []
    /// The bytes that represent a space.
    var space: [UInt8] = [0xE2, 0x96, 0x81]
  }

  let vocabulary: Vocabulary
  let unknown: Int32
  private let table: ByteStringTable
  /// The rank of every id by score; 0 is the highest score.
  private let ranks: [UInt32]
  private let unused: Set<Int32>
  private let whole: PieceTrie?
  private let byteTokens: [Int32]
  private let space: [UInt8]
  /// Whether words can be encoded one by one because no piece extends beyond the end of a word.
  private let cutsWords: Bool

  var literalUnknown: Int32? { unknown }

  /// Creates a model.
  ///
  /// - Parameter byteTokens: the token of each byte; empty if there are none.
  init(vocabulary: Vocabulary, unknown: Int32, pieces: Pieces, byteTokens: [Int32]) {
    (self.vocabulary, self.unknown, self.byteTokens, space) = (vocabulary, unknown, byteTokens, pieces.space)
    var table = ByteStringTable(capacity: pieces.matched.count)
    for piece in pieces.matched { table.insert(piece.bytes, value: piece.id) }
    self.table = table
    unused = Set(pieces.matched.lazy.filter(\.isUnused).map(\.id))
    var trie = PieceTrie(capacity: pieces.whole.reduce(0) { $0 + $1.bytes.count })
    for piece in pieces.whole { trie.insert(piece.bytes, id: piece.id) }
    whole = pieces.whole.isEmpty ? nil : trie
    var ranks = [UInt32](repeating: 0, count: pieces.scores.count)
    var rank: UInt32 = 0
    var previous: Float?
    for id in pieces.scores.indices.sorted(by: { pieces.scores[$0] > pieces.scores[$1] }) {
      if let previous, previous != pieces.scores[id] { rank += 1 }
      (previous, ranks[id]) = (pieces.scores[id], rank)
    }
    self.ranks = ranks
    let space = pieces.space
    cutsWords =
      table.find(space) >= 0 && pieces.matched.allSatisfy { !ScoredPairModel.crossesWords($0.bytes, space) }
      && pieces.whole.allSatisfy { !ScoredPairModel.crossesWords($0.bytes, space) }
  }

  /// Whether a space follows another character within the piece.
  private static func crossesWords(_ piece: [UInt8], _ space: [UInt8]) -> Bool {
    var hasOther = false
    var rest = piece[...]
    while !rest.isEmpty {
      if rest.starts(with: space) {
        if hasOther { return true }
        rest = rest.dropFirst(space.count)
      } else {
        hasOther = true
        rest = rest.dropFirst()
      }
    }
    return false
  }

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList
  ) {
    var start = Int(piece.start)
    let end = Int(piece.end)
    while start < end {
      let stop = cutsWords ? wordEnd(text, start, end) : end
      if !scratch.cache.lookUp(text, start, stop, into: &tokens) {
        let first = tokens.ids.count
        merge(text, start, stop, scratch, into: &tokens)
        scratch.cache.store(text, start, stop, tokens, from: first)
      }
      start = stop
    }
  }

  /// The next position at which a space follows another character.
  private func wordEnd(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int {
    var i = start
    var hasOther = false
    while i < end {
      if isSpace(text + i, end - i) {
        if hasOther { return i }
        i += space.count
      } else {
        hasOther = true
        i += 1
      }
    }
    return end
  }

  @inline(__always)
  private func isSpace(_ text: UnsafePointer<UInt8>, _ count: Int) -> Bool {
    guard text[0] == space[0], space.count <= count else { return false }
    for i in 1..<max(1, space.count) where text[i] != space[i] { return false }
    return true
  }

  /// Keeps the symbols in a linked list, and the pairs in a heap by rank and position. A pair that has changed since it
  /// was pushed is skipped.
  private func merge(
    _ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ scratch: TokenScratch, into tokens: inout TokenList
  ) {
    findSymbols(text, start, end, scratch)
    let count = scratch.starts.count
    /// For each unused piece, which is to be cut again, the length of its left part.
    var cuts: [ArraySlice<UInt8>: Int] = [:]
    scratch.heap.removeAll()
    func push(_ left: Int) {
      guard let (rank, id) = pair(text, left, scratch) else { return }
      scratch.heap.push(rank << 32 | UInt64(left))
      if unused.contains(id) {
        let (from, length) = (Int(scratch.starts[left]), Int(scratch.lengths[left]))
        let both = length + Int(scratch.lengths[Int(scratch.next[left])])
        cuts[ArraySlice(UnsafeBufferPointer(start: text + from, count: both))] = length
      }
    }
    for i in 0..<max(0, count - 1) { push(i) }
    while let top = scratch.heap.pop() {
      let left = Int(top & 0xFFFF_FFFF)
      guard scratch.lengths[left] > 0, let (rank, _) = pair(text, left, scratch), rank == top >> 32 else { continue }
      let right = Int(scratch.next[left])
      scratch.lengths[left] += scratch.lengths[right]
      scratch.lengths[right] = 0
      let after = scratch.next[right]
      scratch.next[left] = after
      if after >= 0 { scratch.previous[Int(after)] = Int32(left) }
      if scratch.previous[left] >= 0 { push(Int(scratch.previous[left])) }
      push(left)
    }
    let first = tokens.ids.count
    for i in 0..<count where scratch.lengths[i] > 0 {
      let from = Int(scratch.starts[i])
      append(text, from, from + Int(scratch.lengths[i]), cuts, first, into: &tokens)
    }
  }

  /// Finds the characters, and the pieces that are always found as a whole (marked with 1 in `ids`).
  private func findSymbols(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ scratch: TokenScratch) {
    scratch.starts.removeAll(keepingCapacity: true)
    scratch.lengths.removeAll(keepingCapacity: true)
    scratch.ids.removeAll(keepingCapacity: true)
    var i = start
    while i < end {
      var length = 0
      whole?.forEachPrefix(text + i, end - i) { matched, _ in length = matched }
      scratch.ids.append(length > 0 ? 1 : 0)
      if length == 0 { length = utf8Length(lead: text[i]) }
      scratch.starts.append(Int32(i))
      scratch.lengths.append(Int32(length))
      i += length
    }
    let count = Int32(scratch.starts.count)
    scratch.previous.removeAll(keepingCapacity: true)
    scratch.previous.append(contentsOf: -1..<max(-1, count - 1))
    scratch.next.removeAll(keepingCapacity: true)
    scratch.next.append(contentsOf: 1..<count + 1)
    if count > 0 { scratch.next[Int(count) - 1] = -1 }
  }

  /// The rank and the id of the piece that a symbol and the next one form together, or nil.
  private func pair(_ text: UnsafePointer<UInt8>, _ left: Int, _ scratch: TokenScratch) -> (UInt64, Int32)? {
    let right = Int(scratch.next[left])
    guard right >= 0, scratch.ids[left] == 0, scratch.ids[right] == 0 else { return nil }
    let length = Int(scratch.lengths[left] + scratch.lengths[right])
    guard length <= table.longest else { return nil }
    let id = table.find(text + Int(scratch.starts[left]), count: length)
    return id < 0 ? nil : (UInt64(ranks[Int(id)]), id)
  }

  private func append(
    _ text: UnsafePointer<UInt8>, _ from: Int, _ to: Int, _ cuts: [ArraySlice<UInt8>: Int], _ first: Int,
    into tokens: inout TokenList
  ) {
    var rest = [(from, to)]
    while let (from, to) = rest.popLast() {
      let id = vocabulary.table.find(text + from, count: to - from)
      if id >= 0, unused.contains(id),
        let length = cuts[ArraySlice(UnsafeBufferPointer(start: text + from, count: to - from))]
      {
        rest.append((from + length, to))
        rest.append((from, from + length))
      } else if id >= 0, id != unknown {
        tokens.append(id, from, to)
      } else if !byteTokens.isEmpty {
        for i in from..<to { tokens.append(byteTokens[Int(text[i])], from, to) }
      } else if let last = tokens.ids.indices.last, last >= first, tokens.ids[last] == unknown {
        tokens.pieces[last].end = Int32(to)
      } else {
        tokens.append(unknown, from, to)
      }
    }
  }
}
