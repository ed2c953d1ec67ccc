// Unigram: of all ways to cut a text into pieces, the likeliest. Read first: TokenModel.swift.
// Read next: PieceTrie.swift.

/// Cuts a text into the pieces whose probabilities have the largest product, found in one pass (Viterbi).
///
/// Paper: arXiv:1804.10959.
struct UnigramModel: TokenModel {
  /// How it departs from the plain algorithm.
  struct Options: Sendable {
    var unknown: Int32?
    /// Unknown characters in a row become one token.
    var fusesUnknown = true
    /// What is unknown is spelled with the tokens `<0x00>` … `<0xFF>`.
    var fallsBackToBytes = false
    /// As SentencePiece itself does: sums of scores are rounded to 32 bits, and unknown text stays unknown even if it spells
    /// a piece that has no place in texts.
    var followsSentencePiece = false
    /// The lowest score of those that count for that of the unknown; nil for that of all pieces.
    var lowestScore: Double?
  }

  let vocabulary: Vocabulary
  let options: Options
  private let scores: [Double]
  private let trie: PieceTrie
  private let unknownScore: Double
  private let byteFallback: [Int32]

  var literalUnknown: Int32? { options.unknown }

  /// - Parameters:
  ///   - scores: the logarithm of every id's probability.
  ///   - matched: the ids that are found in texts; later ones take the place of earlier ones with the same text.
  init(vocabulary: Vocabulary, scores: [Double], matched: [(id: Int32, bytes: [UInt8])], options: Options) {
    (self.vocabulary, self.scores, self.options) = (vocabulary, scores, options)
    var trie = PieceTrie(capacity: matched.reduce(0) { $0 + $1.bytes.count })
    for (id, bytes) in matched { trie.insert(bytes, id: id) }
    self.trie = trie
    let lowest = options.lowestScore ?? matched.map { scores[Int($0.id)] }.min() ?? 0
    unknownScore = options.followsSentencePiece ? Double(Float(lowest) - 10) : lowest - 10
    byteFallback = options.fallsBackToBytes ? BytePairModel.fallbackTokens(vocabulary) : []
  }

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList
  ) {
    let (start, end) = (Int(piece.start), Int(piece.end))
    if scratch.cache.lookUp(text, start, end, into: &tokens) { return }
    let first = tokens.ids.count
    let count = end - start
    findBest(text + start, count, scratch)
    // From the end to the beginning, and then the other way round.
    var place = count
    while place > 0 {
      let from = Int(scratch.starts[place])
      let id = scratch.ids[place]
      var begin = from
      if id == options.unknown ?? -1 {
        if options.fusesUnknown {
          while begin > 0, scratch.ids[begin] == id { begin = Int(scratch.starts[begin]) }
        }
        // It may be the unknown piece's own name, or, taken together, a piece that has no place in texts.
        let whole =
          options.followsSentencePiece ? -1 : vocabulary.table.find(text + start + begin, count: place - begin)
        if whole >= 0 {
          tokens.append(whole, start + begin, start + place)
        } else {
          appendUnknown(text, start + begin, start + place, into: &tokens)
        }
      } else {
        tokens.append(id, start + begin, start + place)
      }
      place = begin
    }
    tokens.ids[first...].reverse()
    tokens.pieces[first...].reverse()
    scratch.cache.store(text, start, end, tokens, from: first)
  }

  /// For every place that a piece can end at: the best piece that does, and where it begins.
  private func findBest(_ text: UnsafePointer<UInt8>, _ count: Int, _ scratch: TokenScratch) {
    scratch.scores.removeAll(keepingCapacity: true)
    scratch.scores.append(contentsOf: repeatElement(0, count: count + 1))
    scratch.starts.removeAll(keepingCapacity: true)
    scratch.starts.append(contentsOf: repeatElement(-1, count: count + 1))
    scratch.ids.removeAll(keepingCapacity: true)
    scratch.ids.append(contentsOf: repeatElement(-1, count: count + 1))
    let unknown = options.unknown ?? -1
    let isSingle = options.followsSentencePiece
    scratch.scores.withUnsafeMutableBufferPointer { best in
      scratch.starts.withUnsafeMutableBufferPointer { starts in
        scratch.ids.withUnsafeMutableBufferPointer { ids in
          @inline(__always)
          func offer(_ from: Int, _ to: Int, _ id: Int32, _ score: Double) {
            // The sum of two floats is exact in 64 bits; rounding it gives their sum in 32.
            let sum = isSingle ? Double(Float(best[from] + score)) : best[from] + score
            if starts[to] < 0 || sum > best[to] { (best[to], starts[to], ids[to]) = (sum, Int32(from), id) }
          }
          var from = 0
          while from < count {
            let length = utf8Length(lead: text[from])
            var hasSingle = false
            trie.forEachPrefix(text + from, count - from) { matched, id in
              offer(from, from + matched, id, scores[Int(id)])
              if matched == length { hasSingle = true }
            }
            if !hasSingle { offer(from, from + length, unknown, unknownScore) }
            from += length
          }
        }
      }
    }
  }

  /// Unknown text: its bytes, last one first, or the unknown token.
  private func appendUnknown(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, into tokens: inout TokenList) {
    if !byteFallback.isEmpty, (start..<end).allSatisfy({ byteFallback[Int(text[$0])] >= 0 }) {
      for i in (start..<end).reversed() { tokens.append(byteFallback[Int(text[i])], start, end) }
    } else if let unknown = options.unknown {
      tokens.append(unknown, start, end)
    }
  }
}
