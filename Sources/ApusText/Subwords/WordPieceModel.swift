// WordPiece, the subword model of BERT: greedy longest-match-first segmentation.
// Read first: TokenModel.swift.

/// Cuts words by taking the longest matching token again and again. A word that cannot be cut completely becomes one
/// unknown token.
///
/// Paper: arXiv:1609.08144; longest match first as in BERT's code (arXiv:1810.04805).
struct WordPieceModel: TokenModel {
  let vocabulary: Vocabulary
  let unknown: Int32
  /// The prefix of every token that does not begin a word, such as "##".
  let prefix: [UInt8]
  /// The maximum word length in Unicode scalars; longer words become the unknown token.
  let longestWord: Int

  func tokenize(
    _ text: UnsafePointer<UInt8>, _ piece: Piece, scratch: TokenScratch, into tokens: inout TokenList
  ) {
    let (start, end) = (Int(piece.start), Int(piece.end))
    if scratch.cache.lookUp(text, start, end, into: &tokens) { return }
    let first = tokens.ids.count
    if !cut(text, start, end, into: &tokens) {
      tokens.ids.removeLast(tokens.ids.count - first)
      tokens.pieces.removeLast(tokens.pieces.count - first)
      tokens.append(unknown, start, end)
    }
    scratch.cache.store(text, start, end, tokens, from: first)
  }

  private func cut(_ text: UnsafePointer<UInt8>, _ start: Int, _ end: Int, into tokens: inout TokenList) -> Bool {
    var length = 0
    for i in start..<end where !isContinuation(text[i]) { length += 1 }
    if length > longestWord { return false }
    var from = start
    var candidate = prefix
    while from < end {
      // No match can be longer than the longest token.
      let room = vocabulary.table.longest - (from > start ? prefix.count : 0)
      var to = min(end, from + max(0, room))
      var id: Int32 = -1
      while to > from {
        if to == end || !isContinuation(text[to]) {
          if from == start {
            id = vocabulary.table.find(text + from, count: to - from)
          } else {
            candidate.removeLast(candidate.count - prefix.count)
            candidate.append(contentsOf: UnsafeBufferPointer(start: text + from, count: to - from))
            id = vocabulary.table.find(candidate)
          }
          if id >= 0 { break }
        }
        to -= 1
      }
      if id < 0 { return false }
      tokens.append(id, from, to)
      from = to
    }
    return true
  }
}
