// The Transformer of 2017, from vectors to vectors and from text to text.
// Read first: ApusNN/Layers/TransformerDecoderLayer.swift. Read next: Transformer+Checkpoint.swift; ../BART/BART.swift.

import ApusGeneration
public import ApusNN
public import ApusTensor

/// The encoder and the decoder of "Attention Is All You Need" (Vaswani et al., arXiv:1706.03762), on vectors.
///
/// ```
///   source [B, S, C] ─ EncoderBlock × layers ──────────── encoderNorm ─ memory [B, S, C]
///                                                                          │
///   target [B, T, C] ─ TransformerDecoderLayer × layers ───────────────────┴─ decoderNorm ─ [B, T, C]
/// ```
///
/// As PyTorch's `nn.Transformer`, it normalizes once more after each stack, which the paper does not; `hasFinalNorms` turns
/// that off. Whoever wants tokens puts an embedding before and an output layer behind it: `TextTransformer` does.
public final class Transformer: Module {
  /// Reads the source.
  public let encoderLayers: [EncoderBlock]
  /// After the encoder's last layer.
  public let encoderNorm: LayerNorm?
  /// Writes the target.
  public let decoderLayers: [TransformerDecoderLayer]
  /// After the decoder's last layer.
  public let decoderNorm: LayerNorm?

  /// - Parameters:
  ///   - width: features of a position; a multiple of `heads`. 512 in the paper's base model.
  ///   - layers: of the encoder, and of the decoder if it has no number of its own.
  ///   - hidden: features inside the feed-forward networks; nil: 4 · width.
  ///   - normalizesFirst: whether the layers normalize before their parts instead of after them.
  ///   - dropout: in training, the probability of dropping an element of each part's result.
  ///   - hasFinalNorms: whether there is a norm behind each stack; layers that normalize before their parts need it.
  public init(
    width: Int = 512, heads: Int = 8, layers: Int = 6, decoderLayers: Int? = nil, hidden: Int? = nil,
    activation: Activation = .relu, normalizesFirst: Bool = false, dropout: Float = 0.1,
    hasFinalNorms: Bool = true
  ) {
    encoderLayers = (0..<layers).map { _ in
      EncoderBlock(
        width: width, heads: heads, hidden: hidden, activation: activation, dropout: dropout,
        normalizesFirst: normalizesFirst)
    }
    encoderNorm = hasFinalNorms ? LayerNorm(width) : nil
    self.decoderLayers = (0..<(decoderLayers ?? layers)).map { _ in
      TransformerDecoderLayer(
        width, heads: heads, hidden: hidden, activation: activation, dropout: dropout, normalizesFirst: normalizesFirst)
    }
    decoderNorm = hasFinalNorms ? LayerNorm(width) : nil
  }

  /// What the decoder looks at: [batch, source length, width] → the same.
  public func encode(_ source: Tensor, mask: AttentionMask = .none) -> Tensor {
    let states = encoderLayers.states(from: source) { $1($0, mask: mask) }
    return normalized(states[states.count - 1], encoderNorm)
  }

  /// - Parameters:
  ///   - target: [batch, length, width]
  ///   - memory: the encoder's result.
  ///   - mask: which positions of the target see which.
  ///   - memoryMask: which positions of the source are seen.
  /// - Returns: [batch, length, width]
  public func decode(
    _ target: Tensor, memory: Tensor, mask: AttentionMask = .causal, memoryMask: AttentionMask = .none
  ) -> Tensor {
    let states = decoderLayers.states(from: target) { $1($0, memory: memory, mask: mask, memoryMask: memoryMask) }
    return normalized(states[states.count - 1], decoderNorm)
  }

  /// The decoder's result, with padding of the source seen by nobody.
  public func callAsFunction(_ source: Tensor, _ target: Tensor, sourceMask: AttentionMask = .none) -> Tensor {
    decode(target, memory: encode(source, mask: sourceMask), memoryMask: sourceMask)
  }

  func normalized(_ x: Tensor, _ norm: LayerNorm?) -> Tensor { norm.map { $0(x) } ?? x }
}

/// The whole of the paper's figure 1: a Transformer between an embedding and its transpose.
///
/// ```
///   ids [B, S] ─ embedding · √C ─(+)─ dropout ─ Transformer ─ embeddingᵀ ─ logits [B, T, V]
///   0 … S−1 ─ sines and cosines ─┘
/// ```
public final class TextTransformer: EncoderDecoder {
  /// Vectors of tokens, shared by source, target and output layer (section 3.4), [vocabulary, width].
  public let embedding: Embedding
  /// Section 3.5.
  public let positions: SinusoidalPositions
  /// Of the embeddings' sums.
  public let dropout: Dropout
  /// Encoder and decoder.
  public let stacks: Transformer
  /// Stands where a batch's shorter sequences have no token.
  public let paddingToken: Int32
  /// Stands before the first token that is written.
  public let startToken: Int32?

  /// - Parameters:
  ///   - vocabularySize: distinct tokens of both languages.
  ///   - stacks: the layers, of the given width.
  public init(
    vocabularySize: Int, width: Int = 512, stacks: Transformer, dropout: Float = 0.1, paddingToken: Int32 = 0,
    startToken: Int32 = 0
  ) {
    embedding = Embedding(
      vocabularySize, width, padding: Int(paddingToken),
      initializer: .normal(standardDeviation: 1 / Float(width).squareRoot()))
    positions = SinusoidalPositions(width)
    self.dropout = Dropout(dropout)
    self.stacks = stacks
    (self.paddingToken, self.startToken) = (paddingToken, startToken)
  }

  public var vocabularySize: Int { embedding.weight.shape[0] }
  /// Sines go on for ever.
  public var positionLimit: Int? { nil }

  private func embed(_ ids: IndexTensor, from start: Int = 0) -> Tensor {
    dropout(embedding(ids) * Float(positions.width).squareRoot() + positions(ids.shape[1], from: start))
  }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?) -> [Tensor] {
    let mask = AttentionMask.padding(tokens)
    var states = stacks.encoderLayers.states(from: embed(ids)) { $1($0, mask: mask) }
    states.append(stacks.normalized(states.removeLast(), stacks.encoderNorm))
    return states
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: Tensor, memoryTokens: IndexTensor?
  ) -> [Tensor] {
    let (mask, memoryMask) = (AttentionMask.padding(tokens, causal: true), AttentionMask.padding(memoryTokens))
    var states = stacks.decoderLayers.states(from: embed(ids)) {
      $1($0, memory: memory, mask: mask, memoryMask: memoryMask)
    }
    states.append(stacks.normalized(states.removeLast(), stacks.decoderNorm))
    return states
  }

  public func logits(_ hidden: Tensor) -> Tensor { embedding.scores(hidden) }

  public func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    stacks.decoderLayers.makeState(memory: memory, tokens: tokens, capacity: capacity)
  }

  public func decode(_ ids: IndexTensor, state: DecoderState) -> Tensor {
    stacks.normalized(stacks.decoderLayers.decode(embed(ids, from: state.count), state: state), stacks.decoderNorm)
  }
}
