// Looking inside a forward pass: hidden states and attention weights, layer by layer.
// Read next: TransformerStack.swift, MultiheadAttention.swift.

public import ApusTensor

/// Receives the hidden states and the attention weights of a forward pass while it runs.
///
/// An observer changes no bit of the result. What it does not ask for is neither computed nor kept: without
/// observers, hidden states are freed as soon as the next block has read them, and attention weights never exist as a
/// matrix.
///
/// ```swift
/// let record = ForwardRecord(keepsAttentionWeights: true)
/// _ = model.hiddenStates(ids, observer: record.observer)
/// print(record.hiddenStates.count)         // layers + 1
/// print(record.attentionWeights[0].shape)  // [batch, heads, queries, keys]
/// ```
public struct ForwardObserver {
  /// Receives the embeddings as depth 0 and the result of block i as depth i + 1, each [batch, length, width].
  public var hiddenState: ((_ depth: Int, _ state: Tensor) -> Void)?
  /// Receives the self-attention weights of each block, [batch, heads, queries, keys]; every row sums to 1.
  public var attentionWeights: ((_ layer: Int, _ weights: Tensor) -> Void)?
  /// Receives the cross-attention weights of each block, [batch, heads, queries, keys of the memory].
  public var crossAttentionWeights: ((_ layer: Int, _ weights: Tensor) -> Void)?
  /// The index of the block that runs.
  var layer = 0

  /// Creates an observer; what is nil is not observed.
  public init(
    hiddenState: ((_ depth: Int, _ state: Tensor) -> Void)? = nil,
    attentionWeights: ((_ layer: Int, _ weights: Tensor) -> Void)? = nil,
    crossAttentionWeights: ((_ layer: Int, _ weights: Tensor) -> Void)? = nil
  ) {
    (self.hiddenState, self.attentionWeights) = (hiddenState, attentionWeights)
    self.crossAttentionWeights = crossAttentionWeights
  }

  /// The receiver of the running block's self-attention weights; nil if nobody asks for them.
  var onAttentionWeights: ((Tensor) -> Void)? {
    attentionWeights.map { report in { [layer] in report(layer, $0) } }
  }

  /// The receiver of the running block's cross-attention weights; nil if nobody asks for them.
  var onCrossAttentionWeights: ((Tensor) -> Void)? {
    crossAttentionWeights.map { report in { [layer] in report(layer, $0) } }
  }
}

/// Keeps what a forward pass shows.
public final class ForwardRecord {
  /// The embeddings, then the result of each block: layers + 1 tensors, [batch, length, width].
  public private(set) var hiddenStates: [Tensor] = []
  /// The self-attention weights of each block, [batch, heads, queries, keys]; empty unless asked for.
  public private(set) var attentionWeights: [Tensor] = []
  /// The cross-attention weights of each block, [batch, heads, queries, keys]; empty unless asked for.
  public private(set) var crossAttentionWeights: [Tensor] = []
  private let keepsAttentionWeights: Bool

  /// - Parameter keepsAttentionWeights: whether attention weights are computed and kept.
  public init(keepsAttentionWeights: Bool = false) { self.keepsAttentionWeights = keepsAttentionWeights }

  /// The observer that fills this record.
  public var observer: ForwardObserver {
    var observer = ForwardObserver { _, state in self.hiddenStates.append(state) }
    if keepsAttentionWeights {
      observer.attentionWeights = { _, weights in self.attentionWeights.append(weights) }
      observer.crossAttentionWeights = { _, weights in self.crossAttentionWeights.append(weights) }
    }
    return observer
  }
}
