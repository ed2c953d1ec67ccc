// The code of the tour's chapter on tokenizers: Docs/Tour/11-tokenizers.md.

import Apus

// snippet: LearnMerges
/// The adjacent pairs to merge, each the most frequent one at its step.
func learnMerges(_ words: [String], count: Int) -> [[String]] {
  var words = words.map { $0.map { String($0) } }
  var merges: [[String]] = []
  while merges.count < count {
    var counts: [[String]: Int] = [:]
    for word in words {
      for (left, right) in zip(word, word.dropFirst()) { counts[[left, right], default: 0] += 1 }
    }
    // Ties are broken in alphabetical order.
    let best = counts.min { ($1.value, $0.key.joined()) < ($0.value, $1.key.joined()) }
    guard let best, best.value > 1 else { break }
    merges.append(best.key)
    words = words.map { merged($0, best.key) }
  }
  return merges
}

/// The symbols with every occurrence of a pair merged.
func merged(_ symbols: [String], _ pair: [String]) -> [String] {
  symbols.reduce(into: []) { result, symbol in
    if result.last == pair[0], symbol == pair[1] {
      result[result.count - 1] += symbol
    } else {
      result.append(symbol)
    }
  }
}
// end snippet

// snippet: ApplyMerges
func pieces(of word: String, _ merges: [[String]]) -> [String] {
  merges.reduce(word.map { String($0) }) { merged($0, $1) }
}
// end snippet

// snippet: LikeliestPieces
/// The segmentation of a text whose pieces have the largest product of probabilities.
///
/// - Parameter scores: the logarithm of each piece's probability.
func likeliestPieces(of text: String, _ scores: [String: Double]) -> [String] {
  let letters = Array(text)
  // For every position: the best score of the text before it, and the start of its last piece.
  var best = letters.indices.map { _ in (score: -Double.infinity, start: 0) }
  best.append((-.infinity, 0))
  best[0].score = 0
  for end in letters.indices.map({ $0 + 1 }) {
    for start in 0..<end {
      guard let score = scores[String(letters[start..<end])], best[start].score + score > best[end].score else {
        continue
      }
      best[end] = (best[start].score + score, start)
    }
  }
  var (result, end) = ([String](), letters.count)
  while end > 0 {
    result.insert(String(letters[best[end].start..<end]), at: 0)
    end = best[end].start
  }
  return result
}
// end snippet

/// - Returns: the parts of a text that its tokens come from.
func offsetsExample(_ tokenizer: Tokenizer) throws -> [String] {
  // snippet: TokenOffsets
  let text = "Les élèves naïfs"
  let encoding = try tokenizer.encode(text, addingSpecialTokens: false)
  let scalars = Array(text.unicodeScalars)
  let parts = encoding.offsets.map { range in String(String.UnicodeScalarView(scalars[range])) }
  // end snippet
  return parts
}
