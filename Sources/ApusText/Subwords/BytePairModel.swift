// Byte-pair encoding: adjacent symbols are merged in the order in which the merges were learned.
// Read first: TokenModel.swift. Read next: MergeTable.swift.

/// Byte-pair encoding over Unicode scalars, or directly over bytes.
///
/// The adjacent pair with the lowest rank is merged first, the leftmost in case of a tie, until no pair is left. Short words search all pairs for every merge; long words keep them in a heap, which
/// takes O(n log n) for n symbols.
///
/// Paper: arXiv:1508.07909.
struct BytePairModel: TokenModel {
  /// Variations of the algorithm.
  struct Options: Sendable {
    /// The token for symbols that are not in the vocabulary.
    var unknown: Int32?
    /// Whether consecutive unknown symbols become one token.
    var fusesUnknown = false
    /// Whether characters that are not in the vocabulary are encoded as the byte tokens `<0x00>` … `<0xFF>`.
    var fallsBackToBytes = false
    /// Whether a word that is in the vocabulary becomes one token without any merges.
    var ignoresMerges = false
    /// The prefix of every symbol but the first of a word.
    var prefix: [UInt8] = []
    /// The suffix of the last symbol of a word.
    var suffix: [UInt8] = []
  }

  let vocabulary: Vocabulary
  let options: Options
  private let merges: MergeTable
  /// The symbol of each byte, in one table per position: bit 0 of the index means the beginning of a word, bit 1 the
  /// end. Nil if the model works on scalars.
  private let byteSymbols: [[Int32]]?
  private let byteFallback: [Int32]

  private static let shortWord = 32

  /// Creates a model.
  ///
  /// - Parameter onBytes: whether words are given as raw bytes, not spelled with `ByteAlphabet`.
  init(vocabulary: Vocabulary, merges: MergeTable, options: Options, onBytes: Bool) {
    (self.vocabulary, self.merges, self.options) = (vocabulary, merges, options)
    byteFallback = options.fallsBackToBytes ? BytePairModel.fallbackTokens(vocabulary) : []
    byteSymbols = onBytes ? BytePairModel.byteSymbols(vocabulary, options) : nil
  }

  /// Whether every byte has a symbol at every position of a word, so that words can be given as raw bytes.
  static func coversBytes(_ vocabulary: Vocabulary, _ options: Options) -> Bool {
    // In most vocabularies that lack a byte, the first one is missing, so this ends early.
    !options.fallsBackToBytes
      && (0..<4).allSatisfy { place in
        (0..<256).allSatisfy { byteSymbol(UInt8($0), at: place, vocabulary, options) >= 0 }
      }
  }

  private static func byteSymbols(_ vocabulary: Vocabulary, _ options: Options) -> [[Int32]] {
    (0..<4).map { place in (0..<256).map { byteSymbol(UInt8($0), at: place, vocabulary, options) } }
  }

  private static func byteSymbol(_ byte: UInt8, at place: Int, _ vocabulary: Vocabulary, _ options: Options) -> Int32 {
    let symbol = ByteAlphabet.spelling(byte)
    return vocabulary.id(of: (place & 1 == 0 ? options.prefix : []) + symbol + (place & 2 != 0 ? options.suffix : []))
  }

  /// The tokens `<0x00>` to `<0xFF>`, with −1 for each that is missing.
  static func fallbackTokens(_ vocabulary: Vocabulary) -> [Int32] {
    (0..<256).map { vocabulary.id(of: fallbackName(UInt8($0))) ?? -1 }
  }

  /// The name of a byte token, such as `<0xE2>`.
  static func fallbackName(_ byte: UInt8) -> String {
    "<0x\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))>"
  }

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList
  ) {
    let (start, end) = (Int(piece.start), Int(piece.end))
    if scratch.cache.lookUp(text, start, end, into: &tokens) { return }
    let first = tokens.ids.count
    if options.ignoresMerges, let id = wholeWord(text, start, end) {
      tokens.append(id, start, end)
    } else {
      scratch.ids.removeAll(keepingCapacity: true)
      scratch.lengths.removeAll(keepingCapacity: true)
      findSymbols(text, start, end, scratch)
      if scratch.ids.count <= BytePairModel.shortWord { mergeShort(scratch) } else { mergeLong(scratch) }
      var from = start
      for i in scratch.ids.indices {
        let to = from + Int(scratch.lengths[i])
        tokens.append(scratch.ids[i], from, to)
        from = to
      }
    }
    scratch.cache.store(text, start, end, tokens, from: first)
  }

  private func wholeWord(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int) -> Int32? {
    var id: Int32
    if byteSymbols == nil {
      id = vocabulary.table.find(text + start, count: end - start)
    } else {
      id = vocabulary.id(of: (start..<end).flatMap { ByteAlphabet.spelling(text[$0]) })
    }
    return id < 0 ? nil : id
  }

  // MARK: Symbols

  private func findSymbols(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ scratch: TokenScratch) {
    if let byteSymbols {
      for i in start..<end {
        let place = (i == start ? 1 : 0) | (i == end - 1 ? 2 : 0)
        scratch.ids.append(byteSymbols[place][Int(text[i])])
        scratch.lengths.append(1)
      }
      return
    }
    /// The length in bytes of the unknown characters that have no symbol yet.
    var pending = 0
    var i = start
    while i < end {
      let length = decodeScalar(text, at: i).length
      let id: Int32
      if (options.prefix.isEmpty || i == start) && (options.suffix.isEmpty || i + length < end) {
        id = vocabulary.table.find(text + i, count: length)
      } else {
        id = vocabulary.id(
          of: (i > start ? options.prefix : []) + UnsafeBufferPointer(start: text + i, count: length)
            + (i + length == end ? options.suffix : []))
      }
      if id >= 0 {
        addUnknown(&pending, scratch)
        scratch.ids.append(id)
        scratch.lengths.append(Int32(length))
      } else if !addBytes(text, i, i + length, start: start, end: end, scratch), options.unknown != nil {
        if pending > 0 && !options.fusesUnknown { addUnknown(&pending, scratch) }
        pending += length
      }
      i += length
    }
    addUnknown(&pending, scratch)
  }

  private func addUnknown(_ pending: inout Int, _ scratch: TokenScratch) {
    guard pending > 0, let unknown = options.unknown else { return }
    scratch.ids.append(unknown)
    scratch.lengths.append(Int32(pending))
    pending = 0
  }

  /// Encodes a scalar as byte tokens, if all of its bytes have one.
  private func addBytes(
    _ text: UnsafePointer<UInt8>, _ from: Int, _ to: Int, start: Int, end: Int, _ scratch: TokenScratch
  ) -> Bool {
    guard !byteFallback.isEmpty else { return false }
    let bytes =
      (from > start ? options.prefix : []) + UnsafeBufferPointer(start: text + from, count: to - from)
      + (to == end ? options.suffix : [])
    guard bytes.allSatisfy({ byteFallback[Int($0)] >= 0 }) else { return false }
    for byte in bytes {
      scratch.ids.append(byteFallback[Int(byte)])
      scratch.lengths.append(1)
    }
    return true
  }

  // MARK: Merging

  private func mergeShort(_ scratch: TokenScratch) {
    var count = scratch.ids.count
    guard count > 1 else { return }
    scratch.values.removeAll(keepingCapacity: true)
    for i in 0..<count - 1 { scratch.values.append(merges.find(scratch.ids[i], scratch.ids[i + 1])) }
    scratch.ids.withUnsafeMutableBufferPointer { ids in
      scratch.lengths.withUnsafeMutableBufferPointer { lengths in
        scratch.values.withUnsafeMutableBufferPointer { values in
          while count > 1 {
            var best = 0
            for i in 1..<max(1, count - 1) where values[i] < values[best] { best = i }
            let value = values[best]
            if value == MergeTable.none { break }
            ids[best] = MergeTable.merged(value)
            lengths[best] += lengths[best + 1]
            for i in best + 1..<count - 1 {
              ids[i] = ids[i + 1]
              lengths[i] = lengths[i + 1]
              values[i - 1] = values[i]
            }
            count -= 1
            if best > 0 { values[best - 1] = merges.find(ids[best - 1], ids[best]) }
            if best < count - 1 { values[best] = merges.find(ids[best], ids[best + 1]) }
          }
        }
      }
    }
    scratch.ids.removeLast(scratch.ids.count - count)
    scratch.lengths.removeLast(scratch.lengths.count - count)
  }

  /// Keeps the symbols in a linked list, and the pairs in a heap by rank and position. A pair that has changed since it
  /// was pushed is skipped.
  private func mergeLong(_ scratch: TokenScratch) {
    let count = scratch.ids.count
    scratch.previous = (0..<Int32(count)).map { $0 - 1 }
    scratch.next = (0..<Int32(count)).map { $0 + 1 < count ? $0 + 1 : -1 }
    scratch.heap.removeAll()
    func push(_ left: Int) {
      let right = Int(scratch.next[left])
      guard right >= 0 else { return }
      let value = merges.find(scratch.ids[left], scratch.ids[right])
      if value != MergeTable.none { scratch.heap.push((value >> 32) << 32 | UInt64(left)) }
    }
    for i in 0..<count - 1 { push(i) }
    while let top = scratch.heap.pop() {
      let left = Int(top & 0xFFFF_FFFF)
      let right = Int(scratch.next[left])
      guard scratch.lengths[left] > 0, right >= 0 else { continue }
      let value = merges.find(scratch.ids[left], scratch.ids[right])
      guard value != MergeTable.none, value >> 32 == top >> 32 else { continue }
      scratch.ids[left] = MergeTable.merged(value)
      scratch.lengths[left] += scratch.lengths[right]
      scratch.lengths[right] = 0
      let after = scratch.next[right]
      scratch.next[left] = after
      if after >= 0 { scratch.previous[Int(after)] = Int32(left) }
      if scratch.previous[left] >= 0 { push(Int(scratch.previous[left])) }
      push(left)
    }
    var kept = 0
    for i in 0..<count where scratch.lengths[i] > 0 {
      scratch.ids[kept] = scratch.ids[i]
      scratch.lengths[kept] = scratch.lengths[i]
      kept += 1
    }
    scratch.ids.removeLast(count - kept)
    scratch.lengths.removeLast(count - kept)
  }
}
