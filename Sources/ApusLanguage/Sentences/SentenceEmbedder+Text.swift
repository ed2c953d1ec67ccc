// Sentence embeddings of texts, with a tokenizer. Read first: SentenceEmbedder.swift, ApusText/Tokenizer/Tokenizer.swift.
// Read next: Prompts.swift.

public import ApusTensor
public import ApusText

extension SentenceEmbedder {
  /// The sentence embeddings of texts, in their order.
  ///
  /// ```swift
  /// let embedder = try SentenceEmbedder(contentsOf: folder)
  /// let tokenizer = try Tokenizer(folder: folder)
  /// let vectors = try embedder.vectors(of: ["A cat sits outside.", "Ein Satz"], tokenizer)   // [2, 384]
  /// ```
  ///
  /// - Parameters:
  ///   - texts: the texts.
  ///   - tokenizer: the tokenizer in the model's folder; texts are truncated to the maximum length of the model.
  ///   - prompt: the name of the prompt that precedes each text; nil: the default prompt of the model, if it has one.
  /// - Returns: [texts, width]
  /// - Throws: the special tokens alone exceed the maximum length of the model.
  /// - Precondition: there is a prompt of that name.
  public func vectors(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String? = nil
  ) throws(TokenizerError) -> Tensor {
    let (ids, skipped) = try tokens(of: texts, tokenizer, prompt: prompt)
    return vectors(of: ids, skipping: skipped)
  }

  /// The sentence embeddings of many texts, with progress reports.
  ///
  /// - Parameters:
  ///   - texts: the texts.
  ///   - tokenizer: the tokenizer in the model's folder; texts are truncated to the maximum length of the model.
  ///   - prompt: the name of the prompt that precedes each text; nil: the default prompt of the model, if it has one.
  ///   - progress: called after each batch with the number of finished texts; return false to stop.
  /// - Returns: [texts, width]; nil if it was stopped.
  public func vectors(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String? = nil, progress: (Int) -> Bool
  ) throws(TokenizerError) -> Tensor? {
    let (ids, skipped) = try tokens(of: texts, tokenizer, prompt: prompt)
    return vectors(of: ids, skipping: skipped, progress: progress)
  }

  /// The tokens of texts with their prompt, and the number of tokens at the beginning that belong to the prompt alone.
  private func tokens(
    of texts: [String], _ tokenizer: Tokenizer, prompt: String?
  ) throws(TokenizerError) -> (ids: [[Int32]], skipped: Int) {
    var tokenizer = tokenizer
    tokenizer.padding = nil
    tokenizer.truncation = Truncation(maximumLength: min(maximumLength ?? .max, encoder.maximumLength))
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
      // The special token at the end does not belong to the prompt.
      let isEnded = last.map { tokenizer.isSpecial($0) || $0 == roles.end || $0 == roles.separator } ?? false
      skipped = alone.count - (isEnded ? 1 : 0)
    }
    return (ids, skipped)
  }
}
