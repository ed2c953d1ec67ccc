// The skeleton of BART and Marian, which differ only in their embeddings.
// Read first: EncoderDecoder.swift, Stacks.swift. Read next: ../BART/BART.swift.

import ApusGeneration
public import ApusNN
public import ApusTensor

/// An encoder–decoder of post-norm blocks in which one token embedding serves the source, the target and the output layer.
public protocol TiedEncoderDecoder: EncoderDecoder {
  /// The sizes.
  var configuration: BART.Configuration { get }
  /// The token embedding, [vocabulary, width]; also the output layer.
  var embedding: Embedding { get }
  /// The blocks of the encoder, from first to last.
  var encoderLayers: [TransformerBlock] { get }
  /// The blocks of the decoder, from first to last.
  var decoderLayers: [TransformerBlock] { get }
  /// Added to the logits, [1, vocabulary]; not trained.
  var outputBias: Tensor { get }

  /// The embeddings of the source, which the first block of the encoder reads, [batch, length] → [batch, length, width].
  func embedSource(_ ids: IndexTensor) -> Tensor

  /// The embeddings of target tokens from position `start` on, which the first block of the decoder reads, [batch, length] → [batch, length, width].
  func embedTarget(_ ids: IndexTensor, from start: Int) -> Tensor
}

extension TiedEncoderDecoder {
  public var vocabularySize: Int { configuration.vocabularySize }
  public var positionLimit: Int? { configuration.contextLength }
  public var startToken: Int32? { configuration.startToken }
  public var paddingToken: Int32 { configuration.paddingToken }

  /// The token embeddings, multiplied by √width if the configuration says so.
  func embedTokens(_ ids: IndexTensor) -> Tensor {
    configuration.scalesEmbeddings ? embedding(ids) * Float(configuration.width).squareRoot() : embedding(ids)
  }

  public var decoderBlocks: [TransformerBlock] { decoderLayers }

  public func encode(_ ids: IndexTensor, tokens: IndexTensor?, observer: ForwardObserver?) -> Tensor {
    encoderLayers(embedSource(ids), mask: .padding(tokens), observer: observer)
  }

  public func decode(
    _ ids: IndexTensor, tokens: IndexTensor?, memory: EncoderMemory, caches: [KeyValueCache]?,
    observer: ForwardObserver?
  ) -> Tensor {
    decoderLayers(
      embedTarget(ids, from: caches?.first?.count ?? 0), mask: .padding(tokens, causal: true), caches: caches,
      memory: memory, observer: observer)
  }

  public func logits(_ hiddenStates: Tensor) -> Tensor { embedding.logits(hiddenStates) + outputBias }
}
