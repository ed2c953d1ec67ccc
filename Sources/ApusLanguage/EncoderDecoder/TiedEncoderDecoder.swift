// What BART and Marian have in common: everything but how a position's vector is made.
// Read first: EncoderDecoder.swift, Stacks.swift. Read next: ../BART/BART.swift.

import ApusGeneration
public import ApusNN
public import ApusTensor

/// An encoder–decoder of the original Transformer's layers in which one table of tokens serves the source, the target and the
/// output.
public protocol TiedEncoderDecoder: EncoderDecoder {
  /// Sizes.
  var configuration: BART.Configuration { get }
  /// Vectors of tokens, [vocabulary, width]; also the output layer.
  var embedding: Embedding { get }
  /// The encoder.
  var encoderLayers: [EncoderBlock] { get }
  /// The decoder.
  var decoderLayers: [TransformerDecoderLayer] { get }
  /// Added to the scores, [1, vocabulary]; not trained.
  var outputBias: Tensor { get }

  /// What the encoder's first layer reads: [batch, length] → [batch, length, width].
  func embedSource(_ ids: IndexTensor) -> Tensor

  /// What the decoder's first layer reads of tokens from position `start` on: [batch, length] → [batch, length, width].
  func embedTarget(_ ids: IndexTensor, from start: Int) -> Tensor
}

extension TiedEncoderDecoder {
  public var vocabularySize: Int { configuration.vocabularySize }
  public var positionLimit: Int? { configuration.contextLength }
  public var startToken: Int32? { configuration.startToken }
  public var paddingToken: Int32 { configuration.paddingToken }

  /// The tokens' vectors, scaled by √width if the configuration says so.
  func tokenVectors(_ ids: IndexTensor) -> Tensor {
    configuration.scalesEmbeddings ? embedding(ids) * Float(configuration.width).squareRoot() : embedding(ids)
  }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?) -> [Tensor] {
    let mask = AttentionMask.padding(tokens)
    return encoderLayers.states(from: embedSource(ids)) { $1($0, mask: mask) }
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: Tensor, memoryTokens: IndexTensor?
  ) -> [Tensor] {
    let (mask, memoryMask) = (AttentionMask.padding(tokens, causal: true), AttentionMask.padding(memoryTokens))
    return decoderLayers.states(from: embedTarget(ids, from: 0)) {
      $1($0, memory: memory, mask: mask, memoryMask: memoryMask)
    }
  }

  public func decode(_ ids: IndexTensor, state: DecoderState) -> Tensor {
    decoderLayers.decode(embedTarget(ids, from: state.count), state: state)
  }

  public func logits(_ hidden: Tensor) -> Tensor { embedding.scores(hidden) + outputBias }

  public func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    decoderLayers.makeState(memory: memory, tokens: tokens, capacity: capacity)
  }
}
