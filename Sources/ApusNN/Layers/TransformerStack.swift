// The loop over the blocks of a Transformer, written once for training, inference, generation and inspection.
// Read first: TransformerBlock.swift, ForwardObserver.swift. Read next: ApusLanguage/GPT/GPT.swift.

public import ApusTensor

/// The encoder's output, in the form in which the cross-attentions of a stack read it.
public enum EncoderMemory {
  /// The encoder's output, [batch, source length, width], and which of its positions exist. Each block projects its keys and
  /// values when it runs.
  case states(Tensor, mask: AttentionMask = .none)
  /// Keys and values that were projected before, one memory for each block: for decoding token by token.
  case projected([AttentionMemory])
}

extension [TransformerBlock] {
  /// Runs the blocks one after another.
  ///
  /// - Parameters:
  ///   - x: the embeddings, [batch, length, width].
  ///   - mask: which positions see which, and what is added to the attention scores.
  ///   - rotary: rotates queries and keys.
  ///   - caches: the keys and values of earlier positions, one cache for each block, which x extends.
  ///   - memory: what the cross-attentions read.
  ///   - observer: receives the embeddings, the result of each block, and attention weights.
  ///   - finish: applied to the last block's result before anybody sees it, such as a final norm.
  /// - Returns: [batch, length, width]
  public func callAsFunction(
    _ x: consuming Tensor, mask: AttentionMask = .none, rotary: RotaryAngles? = nil, caches: [KeyValueCache]? = nil,
    memory: EncoderMemory? = nil, observer: ForwardObserver? = nil, finish: (Tensor) -> Tensor = { $0 }
  ) -> Tensor {
    var observer = observer
    for (index, block) in enumerated() {
      observer?.hiddenState?(index, x)
      observer?.layer = index
      let own: AttentionMemory? =
        switch memory {
        case nil: nil
        case .states(let encoded, let mask): block.memory(of: encoded, mask: mask)
        case .projected(let memories): memories[index]
        }
      x = block(x, mask: mask, rotary: rotary, cache: caches?[index], memory: own, observer: observer)
    }
    x = finish(x)
    observer?.hiddenState?(count, x)
    return x
  }

  /// The result at the first position, [batch, length, width] → [batch, width].
  ///
  /// Unless somebody observes, the last block skips all other positions.
  public func firstToken(of x: consuming Tensor, observer: ForwardObserver? = nil) -> Tensor {
    guard observer == nil, let last else { return self(x, observer: observer).firstTokens }
    for block in dropLast() { x = block(x) }
    return last.firstToken(of: x)
  }

  /// The encoder's output as each block's cross-attention reads it.
  ///
  /// - Parameters:
  ///   - encoded: [batch, source length, width]
  ///   - mask: which positions of the source exist.
  public func memories(of encoded: Tensor, mask: AttentionMask = .none) -> [AttentionMemory] {
    compactMap { $0.memory(of: encoded, mask: mask) }
  }
}

extension Tensor {
  /// The first position of each sequence, [batch, length, width] → [batch, width].
  package var firstTokens: Tensor { slice(0..<1, along: 1).reshaped(to: [shape[0], shape[2]]) }
}
