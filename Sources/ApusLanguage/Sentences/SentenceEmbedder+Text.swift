// Vectors of texts as people write them. Read first: SentenceEmbedder.swift, ApusData/Text/Tokenizer/Tokenizer.swift.
// Read next: Prompts.swift.

public import ApusTensor
public import ApusText

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
  ///   - prompt: the name of what is put before every text; nil: the model's standard prompt, if it has one.
  /// - Returns: [texts, width]
  /// - Throws: the tokenizer puts more tokens around a text than the model takes.
  /// - Precondition: there is a prompt of that name.
  public func vectors(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String? = nil
  ) throws(TokenizerError) -> Tensor {
    let (ids, skipped) = try tokens(of: texts, tokenizer, prompt: prompt)
    return vectors(of: ids, skipping: skipped)
  }

  /// The same, for many texts: with a look at how far it is.
  ///
  /// - Parameter progress: called after every batch with the number of texts done; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  public func vectors(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String? = nil, progress: (Int) -> Bool
  ) throws(TokenizerError) -> Tensor? {
    let (ids, skipped) = try tokens(of: texts, tokenizer, prompt: prompt)
    return vectors(of: ids, skipping: skipped, progress: progress)
  }

  /// The tokens of texts with a prompt before them, and how many at the beginning are the prompt's alone.
  private func tokens(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String?
  ) throws(TokenizerError) -> (ids: [[Int32]], skipped: Int) {
    var tokenizer = tokenizer
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: min(longestText ?? .max, encoder.longestText))
    let prefix = prompts.text(prompt)
    func tokens(_ text: String) throws(TokenizerError) -> [Int32] {
      try tokenizer.encode(lowercases ? text.lowercased() : text).ids
    }
    var ids: [[Int32]] = []
    for text in texts { ids.append(try tokens(prefix + text)) }
    var skipped = 0
    if !prefix.isEmpty, !prompts.areIncluded {
      let alone = try tokens(prefix)
      let (roles, last) = (tokenizer.roles, alone.last)
      // The token behind a text is none of the prompt's.
      let isEnded = last.map { tokenizer.isSpecial($0) || $0 == roles.end || $0 == roles.separator } ?? false
      skipped = alone.count - (isEnded ? 1 : 0)
    }
    return (ids, skipped)
  }
}
