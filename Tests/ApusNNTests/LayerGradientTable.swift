// The layer gradient table: what a row is, and all rows together. LayerGradientTests.swift demands one for every layer.
// Read next: LayerGradientTable+Attention.swift, LayerGradientTable+Positions.swift, LayerGradientTests.swift for the check.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

/// One check of one layer: its parameters are differentiated, and the inputs of a function that calls it.
struct LayerRow: Sendable, CustomTestStringConvertible {
  /// A layer with a way to call it.
  struct Example {
    let module: any Module
    var inputs: [Tensor] = []
    let function: ([Tensor]) -> Tensor

    init(_ module: any Module, at inputs: [Tensor] = [], _ function: @escaping ([Tensor]) -> Tensor) {
      self.module = module
      self.inputs = inputs
      self.function = function
    }

    init(_ layer: any Layer, at input: Tensor) {
      self.init(layer, at: [input]) { layer($0[0]) }
    }
  }

  let testDescription: String
  private let make: @Sendable () -> Example

  init(_ title: String, _ make: @escaping @Sendable () -> Example) {
    testDescription = title
    self.make = make
  }

  /// The example with random numbers in all parameters: zeros and ones, as biases and scales begin, hide mistakes.
  func example() -> Example {
    let example = make()
    for (index, parameter) in example.module.parameters.enumerated() {
      parameter.value = Samples.normal(parameter.value.shape, seed: 100 + UInt64(index)) * 0.7
    }
    return example
  }

  /// The type of the layer that the row is about.
  var layerName: String { "\(type(of: make().module))" }
}

enum LayerGradientTable {
  static let rows: [LayerRow] =
    linears + embeddings + normalizations + activations + compositions + positions + attentions + transformerLayers
    + decoderBlocks

  private static let linears: [LayerRow] =
    Activation.allCases.map { activation in
      LayerRow("Linear with bias, \(activation)") {
        .init(Linear(3, 4, activation: activation), at: Samples.normal([2, 3], seed: activation == .relu ? 3 : 1))
      }
    } + [
      LayerRow("Linear with bias") { .init(Linear(3, 4), at: Samples.normal([2, 3])) },
      LayerRow("Linear without bias") { .init(Linear(3, 4, bias: false), at: Samples.normal([2, 2, 3])) },
      LayerRow("Linear without bias, tanh") {
        .init(Linear(3, 2, bias: false, activation: .tanh), at: Samples.normal([3]))
      },
      LayerRow("Linear on a single number") { .init(Linear(1, 1), at: Samples.normal([1, 1])) },
      LayerRow("Linear twice, the same") {
        let layer = Linear(3, 3, activation: .silu)
        return .init(layer, at: [Samples.normal([2, 3])]) { layer(layer($0[0])) }
      },
    ]

  private static let embeddings: [LayerRow] = [
    LayerRow("PatchEmbedding") {
      .init(PatchEmbedding(size: 2, channels: 3, width: 5), at: Samples.normal([2, 3, 4, 6]))
    },
    LayerRow("PatchEmbedding without bias") {
      .init(PatchEmbedding(size: 3, channels: 1, width: 2, bias: false), at: Samples.normal([1, 1, 3, 3]))
    },
    LayerRow("Embedding") {
      let layer = Embedding(5, 3)
      return .init(layer) { _ in layer(IndexTensor([0, 4, 2, 0, 3, 0], shape: [2, 3])) }
    },
    LayerRow("Embedding with a padding that does not occur") {
      let layer = Embedding(5, 3, padding: 1)
      return .init(layer) { _ in layer(IndexTensor([0, 4, 2, 0], shape: [4])) }
    },
    LayerRow("Embedding, scores") {
      let layer = Embedding(4, 3)
      return .init(layer, at: [Samples.normal([2, 2, 3])]) { layer.logits($0[0]) }
    },
    LayerRow("Embedding, tied at both ends") {
      let layer = Embedding(4, 3)
      return .init(layer, at: [Samples.normal([2, 3])]) { layer.logits((layer([3, 1]) + $0[0]).tanh()) }
    },
  ]

  private static let normalizations: [LayerRow] = [
    LayerRow("UnitLength") { .init(UnitLength(), at: Samples.normal([2, 3])) },
    LayerRow("LayerNorm") { .init(LayerNorm(5), at: Samples.normal([3, 5])) },
    LayerRow("LayerNorm without bias") { .init(LayerNorm(4, bias: false), at: Samples.normal([2, 3, 4])) },
    LayerRow("LayerNorm over two axes") { .init(LayerNorm([3, 2] as Shape), at: Samples.normal([2, 3, 2])) },
    LayerRow("RMSNorm") { .init(RMSNorm(5), at: Samples.normal([3, 5])) },
    LayerRow("RMSNorm over two axes") { .init(RMSNorm([3, 2] as Shape), at: Samples.normal([2, 3, 2])) },
    LayerRow("GroupNorm") { .init(GroupNorm(2, channels: 4), at: Samples.normal([2, 4, 5])) },
    LayerRow("GroupNorm without weights") {
      .init(GroupNorm(3, channels: 3, affine: false), at: Samples.normal([2, 3, 2, 2]))
    },
    LayerRow("LayerNorm with a large epsilon") { .init(LayerNorm(5, epsilon: 0.5), at: Samples.normal([3, 5])) },
  ]

  private static let activations: [LayerRow] = [
    LayerRow("ReLU") { .init(ReLU(), at: Samples.awayFromZero([3, 5])) },
    LayerRow("GELU") { .init(GELU(), at: Samples.normal([3, 5])) },
    LayerRow("GELU with tanh") { .init(GELU(approximation: .tanh), at: Samples.normal([3, 5])) },
    LayerRow("SiLU") { .init(SiLU(), at: Samples.normal([3, 5])) },
    LayerRow("Sigmoid") { .init(Sigmoid(), at: Samples.normal([3, 5])) },
    LayerRow("Tanh") { .init(Tanh(), at: Samples.normal([3, 5])) },
    LayerRow("Softmax") { .init(Softmax(), at: Samples.normal([3, 5])) },
    LayerRow("Softmax along the first axis") { .init(Softmax(along: 0), at: Samples.normal([3, 2, 2])) },
    LayerRow("Dropout") { .init(Dropout(0.5), at: Samples.normal([3, 7])) },
    LayerRow("Dropout of nothing") { .init(Dropout(0), at: Samples.normal([3, 2])) },
  ]

  private static let compositions: [LayerRow] = [
    LayerRow("MLP") { .init(MLP(.init(sizes: [3, 4, 2], activation: .tanh)), at: Samples.normal([2, 3])) },
    LayerRow("TransformerBlock at its first token, pre-norm") {
      let block = TransformerBlock(width: 4, heads: 2, intermediateSize: 5, attentionBias: false, isPreNorm: true)
      return .init(block, at: [Samples.normal([2, 3, 4])]) { block.firstToken(of: $0[0]) }
    },
    LayerRow("TransformerBlock at its first token, post-norm") {
      let block = TransformerBlock(width: 4, heads: 2, intermediateSize: 5, attentionScale: 0.3)
      return .init(block, at: [Samples.normal([2, 3, 4])]) { block.firstToken(of: $0[0]) }
    },
    LayerRow("Sequential") {
      let layer = Sequential {
        Linear(3, 4)
        Tanh()
        Dropout(0.25)
        Linear(4, 2, bias: false)
      }
      return .init(layer, at: Samples.normal([2, 3]))
    },
    LayerRow("Sequential of one layer twice") {
      let shared = Linear(3, 3, activation: .gelu)
      return .init(Sequential([shared, LayerNorm(3), shared]), at: Samples.normal([2, 3]))
    },
    LayerRow("Sequential of nothing") { .init(Sequential([]), at: Samples.normal([2, 3])) },
    LayerRow("FeedForward") { .init(FeedForward(3), at: Samples.normal([2, 2, 3])) },
    LayerRow("FeedForward with other sizes, without biases") {
      .init(FeedForward(4, intermediateSize: 3, activation: .tanh, bias: false), at: Samples.normal([2, 4]))
    },
    LayerRow("FeedForward, gated") {
      let layer = FeedForward(3, intermediateSize: 4, activation: .silu, isGated: true, bias: false)
      return .init(layer, at: Samples.normal([2, 2, 3]))
    },
    LayerRow("FeedForward, gated, with gelu, biases and dropout") {
      let layer = FeedForward(3, intermediateSize: 5, activation: .geluTanh, isGated: true, dropout: 0.5)
      return .init(layer, at: Samples.normal([4, 3]))
    },
    LayerRow("FeedForward with dropout") {
      .init(FeedForward(3, intermediateSize: 5, activation: .geluTanh, dropout: 0.5), at: Samples.normal([4, 3]))
    },
  ]

  private static let decoderBlocks: [LayerRow] = [
    LayerRow("TransformerBlock, causal") {
      let block = TransformerBlock(width: 4, heads: 2, activation: .geluTanh, isPreNorm: true)
      return .init(block, at: [Samples.normal([2, 3, 4])]) { block($0[0], mask: .causal) }
    },
    LayerRow("TransformerBlock, causal, with other sizes, without biases") {
      let block = TransformerBlock(
        width: 6, heads: 3, intermediateSize: 5, activation: .silu, bias: false, epsilon: 0.1, isPreNorm: true)
      return .init(block, at: [Samples.normal([1, 5, 6])]) { block($0[0], mask: .causal) }
    },
    LayerRow("TransformerBlock, causal, with dropout") {
      let block = TransformerBlock(
        width: 4, heads: 1, intermediateSize: 4, activation: .tanh, dropout: 0.25, isPreNorm: true)
      return .init(block, at: [Samples.normal([2, 3, 4])]) { block($0[0], mask: .causal) }
    },
    LayerRow("TransformerBlock of grouped queries, rotary positions, RMSNorm and a gated network") {
      let block = TransformerBlock(
        attention: MultiheadAttention(8, heads: 4, keyValueHeads: 2, scale: 0.4),
        feedForward: FeedForward(8, intermediateSize: 5, activation: .silu, isGated: true, bias: false),
        norm: .rmsNorm(), isPreNorm: true)
      let angles = RotaryPositions(headSize: 2).angles(3..<7)
      return .init(block, at: [Samples.normal([2, 4, 8])]) { block($0[0], mask: .causal, rotary: angles) }
    },
  ]
}
