// Vectors of texts as people write them. Read first: SentenceEmbedder.swift, ApusData/Text/Tokenizer/Tokenizer.swift.

public import ApusData
public import ApusTensor

extension SentenceEmbedder {
  /// The vectors of texts, in their order.
  ///
  /// ```swift
  /// let embedder = try SentenceEmbedder(contentsOf: folder)
  /// let tokenizer = try Tokenizer(folder: folder)
  /// let vectors = try embedder.vectors(of: ["A cat sits outside.", "Ein Satz"], tokenizer)   // [2, 384]
  /// ```
  ///
  /// - Parameters:
  ///   - tokenizer: the folder's; texts are cut to what the model takes.
  ///   - progress: called after every batch with the number of texts done; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  /// - Throws: the tokenizer puts more tokens around a text than the model takes.
  public func vectors(
    of texts: [String], _ tokenizer: Tokenizer, progress: (Int) -> Bool = { _ in true }
  ) throws(TokenizerError) -> Tensor? {
    var tokenizer = tokenizer
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: min(longestText ?? .max, encoder.longestText))
    var ids: [[Int32]] = []
    for text in texts { ids.append(try tokenizer.encode(text).ids) }
    return vectors(of: ids, progress: progress)
  }
}
