// What T5 stacks: attention without scale and bias, blocks that normalize first, and a stack with one bias of distances.
// Read first: ApusNN/Layers/RelativePositionBias.swift, AttentionMemory.swift. Read next: T5.swift.

import ApusGeneration
public import ApusNN
import ApusTensor

/// softmax(Q·Kᵀ + bias)·V on projections without biases, heads of a size of their own.
public final class T5Attention: Module {
  /// [heads · size, width]
  public let query: Linear
  /// [heads · size, width]
  public let key: Linear
  /// [heads · size, width]
  public let value: Linear
  /// [width, heads · size]
  public let output: Linear
  /// Attentions side by side.
  public let heads: Int

  init(_ c: T5.Configuration) {
    let inner = c.heads * c.headSize
    func linear(_ inputs: Int, _ outputs: Int, variance: Float) -> Linear {
      Linear(inputs, outputs, bias: false, initializer: .normal(standardDeviation: variance.squareRoot()))
    }
    // The scores are not divided by √size, so queries begin that much smaller.
    query = linear(c.width, inner, variance: 1 / Float(c.width * c.headSize))
    key = linear(c.width, inner, variance: 1 / Float(c.width))
    value = linear(c.width, inner, variance: 1 / Float(c.width))
    output = linear(inner, c.width, variance: 1 / Float(inner))
    heads = c.heads
  }

  /// [batch, length, width], and what is looked at if it is something else: [batch, source length, width].
  func callAsFunction(_ x: Tensor, at source: Tensor? = nil, mask: AttentionMask) -> Tensor {
    let source = source ?? x
    return output(
      attention(query: query(x), key: key(source), value: value(source), heads: heads, mask: mask, scale: 1))
  }

  /// Self-attention of new positions, which extend the cache.
  func callAsFunction(_ x: Tensor, cache: KeyValueCache, bias: Tensor) -> Tensor {
    output(cache.attend(query: query(x), key: key(x), value: value(x), heads: heads, bias: bias, scale: 1))
  }

  func memory(of x: Tensor, mask: AttentionMask) -> AttentionMemory {
    AttentionMemory(keys: key(x), values: value(x), mask: mask)
  }

  func callAsFunction(_ x: Tensor, memory: AttentionMemory) -> Tensor {
    output(memory.attend(query(x), heads: heads, scale: 1))
  }
}

/// x + attention(norm(x)), in a decoder the same with the memory, and with a feed-forward network.
public final class T5Block: Module {
  /// Before the self-attention.
  public let norm1: RMSNorm
  /// Between positions of one sequence.
  public let attention: T5Attention
  /// Before the attention to the memory; in a decoder.
  public let crossNorm: RMSNorm?
  /// To the encoder's result; in a decoder.
  public let crossAttention: T5Attention?
  /// Before the feed-forward network.
  public let norm2: RMSNorm
  /// `FeedForward`, or `GatedFeedForward` in version 1.1.
  public let feedForward: any Layer
  /// Of each attention's result.
  public let dropout: Dropout

  init(_ c: T5.Configuration, isDecoder: Bool) {
    norm1 = RMSNorm(c.width, epsilon: c.epsilon)
    attention = T5Attention(c)
    crossNorm = isDecoder ? RMSNorm(c.width, epsilon: c.epsilon) : nil
    crossAttention = isDecoder ? T5Attention(c) : nil
    norm2 = RMSNorm(c.width, epsilon: c.epsilon)
    let (inner, outer) = (
      Initializer.normal(standardDeviation: 1 / Float(c.width).squareRoot()),
      Initializer.normal(standardDeviation: 1 / Float(c.hidden).squareRoot())
    )
    if c.isGated {
      let network = GatedFeedForward(c.width, hidden: c.hidden, activation: c.activation, dropout: c.dropout)
      network.gate.weight = inner([c.hidden, c.width])
      network.expansion.weight = inner([c.hidden, c.width])
      network.contraction.weight = outer([c.width, c.hidden])
      feedForward = network
    } else {
      let network = FeedForward(
        c.width, hidden: c.hidden, activation: c.activation, bias: false, dropout: c.dropout)
      network.expansion.weight = inner([c.hidden, c.width])
      network.contraction.weight = outer([c.width, c.hidden])
      feedForward = network
    }
    dropout = Dropout(c.dropout)
  }

  func run(_ x: Tensor, own: (Tensor) -> Tensor, cross: (T5Attention, Tensor) -> Tensor) -> Tensor {
    var x = x + dropout(own(norm1(x)))
    if let crossNorm, let crossAttention { x = x + dropout(cross(crossAttention, crossNorm(x))) }
    return x + feedForward(norm2(x))
  }
}

/// Blocks with one bias of distances, and a norm behind the last one.
public final class T5Stack: Module {
  /// Added to the scores of every block's self-attention.
  public let positionBias: RelativePositionBias
  /// The blocks.
  public let blocks: [T5Block]
  /// After the last block.
  public let finalNorm: RMSNorm
  /// Of the embeddings and of the result.
  public let dropout: Dropout

  init(_ c: T5.Configuration, layers: Int, isDecoder: Bool) {
    positionBias = RelativePositionBias(
      heads: c.heads, buckets: c.buckets, maximumDistance: c.maximumDistance, isBidirectional: !isDecoder,
      initializer: .normal(standardDeviation: 1 / Float(c.width).squareRoot()))
    blocks = (0..<layers).map { _ in T5Block(c, isDecoder: isDecoder) }
    finalNorm = RMSNorm(c.width, epsilon: c.epsilon)
    dropout = Dropout(c.dropout)
  }

  /// The embeddings, each block's result, and of the last one the normalized result.
  func callAsFunction(_ x: Tensor, mask: AttentionMask, memory: Tensor?, memoryMask: AttentionMask) -> [Tensor] {
    var mask = mask
    let distances = positionBias(queries: x.shape[1], keys: x.shape[1])
    mask.bias = mask.bias.map { $0 + distances } ?? distances
    var states = blocks.states(from: dropout(x)) { x, block in
      block.run(x) {
        block.attention($0, mask: mask)
      } cross: {
        $0($1, at: memory, mask: memoryMask)
      }
    }
    states.append(dropout(finalNorm(states.removeLast())))
    return states
  }

  /// The result of new positions, which extend the state.
  func callAsFunction(_ x: Tensor, state: DecoderState) -> Tensor {
    let (new, start) = (x.shape[1], state.count)
    // Wider than it must be, so that its memory is that of the token before.
    let keys = min(state.capacity, (start + new + 255) / 256 * 256)
    let bias = positionBias.constant(queries: new, keys: keys, from: start)
    let hidden = blocks.indices.reduce(x) { x, index in
      blocks[index].run(x) {
        blocks[index].attention($0, cache: state.caches[index], bias: bias)
      } cross: {
        $0($1, memory: state.memories[index])
      }
    }
    return finalNorm(hidden)
  }
}
