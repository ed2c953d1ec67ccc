// The unigram language model: the most probable segmentation of a text into pieces. Read first: TokenModel.swift.
// Read next: PieceTrie.swift.

/// Cuts a text into the pieces with the largest product of probabilities, found in one pass with the Viterbi algorithm.
///
/// Paper: arXiv:1804.10959.
struct UnigramModel: TokenModel {
  /// Variations of the algorithm.
  struct Options: Sendable {
    /// The token for characters that are in no piece.
    var unknown: Int32?
    /// Whether consecutive unknown characters become one token.
    var fusesUnknown = true
    /// Whether unknown characters are encoded as the byte tokens `<0x00>` … `<0xFF>`.
    var fallsBackToBytes = false
    /// Whether to match SentencePiece itself, not the `tokenizers` library: sums of scores are rounded to 32 bits, and
    /// unknown text stays unknown even if it spells a piece that segmentation never produces.
    var followsSentencePiece = false
    /// The lowest score for the computation of the unknown token's score; nil for the minimum over all matched pieces.
    var lowestScore: Double?
  }

  let vocabulary: Vocabulary
  let options: Options
  private let scores: [Double]
  private let trie: PieceTrie
  private let unknownScore: Double
  private let byteFallback: [Int32]

  var literalUnknown: Int32? { options.unknown }

  /// Creates a model.
  ///
  /// - Parameters:
  ///   - vocabulary: the names and ids of the tokens.
  ///   - scores: the log-probability of every id.
  ///   - matched: the ids that segmentation can produce. If two have the same text, the later one is used.
  ///   - options: variations of the algorithm.
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
    // The best path is followed from the end to the beginning, and then reversed.
    var place = count
    while place > 0 {
      let from = Int(scratch.starts[place])
      let id = scratch.ids[place]
      var begin = from
      if id == options.unknown ?? -1 {
        if options.fusesUnknown {
          while begin > 0, scratch.ids[begin] == id { begin = Int(scratch.starts[begin]) }
        }
        // Unknown text may spell the unknown token's own name, or, once fused, a piece that segmentation never
        // produces.
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

  /// Finds, for every position, the best piece that ends there and the start of that piece.
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
            // The sum of two floats is exact in 64 bits, so rounding it gives the correctly rounded 32-bit sum.
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

  /// Appends unknown text as byte tokens, the last byte first, or as the unknown token.
  private func appendUnknown(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, into tokens: inout TokenList) {
    if !byteFallback.isEmpty, (start..<end).allSatisfy({ byteFallback[Int(text[$0])] >= 0 }) {
      for i in (start..<end).reversed() { tokens.append(byteFallback[Int(text[i])], start, end) }
    } else if let unknown = options.unknown {
      tokens.append(unknown, start, end)
    }
  }
}
