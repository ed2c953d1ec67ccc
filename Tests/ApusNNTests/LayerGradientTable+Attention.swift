// Layer gradient rows of multi-head attention: self- and cross-attention, sizes, masks, with and without weights.
// Read first: LayerGradientTable.swift. Read next: LayerGradientTests.swift.

import ApusNN
import ApusTensor
import ApusTesting

extension LayerGradientTable {
  private static let width = 4

  /// Hides key 1 from all queries and key 3 from the first one.
  private static var hiding: Tensor {
    var scores = [Float](repeating: 0, count: 12)
    for hidden in [1, 3, 5, 9] { scores[hidden] = -.infinity }
    return Tensor(scores, shape: [3, 4])
  }

  /// Self-attention over four positions.
  private static func selfRow(_ title: String, bias: Bool = true, _ mask: AttentionMask) -> LayerRow {
    LayerRow("MultiheadAttention to itself, \(title)") {
      let layer = MultiheadAttention(width, heads: 2, bias: bias)
      return .init(layer, at: [Samples.normal([2, 4, width], seed: 5)]) { layer($0[0], mask: mask) }
    }
  }

  /// Attention of three queries to four keys; with `showing`, the result is the output followed by the weights.
  private static func crossRow(
    _ title: String, keySize: Int? = nil, valueSize: Int? = nil, bias: Bool = true, showing: Bool = false,
    _ mask: AttentionMask = .none
  ) -> LayerRow {
    LayerRow("MultiheadAttention\(showing ? " with weights" : ""), \(title)") {
      let layer = MultiheadAttention(width, heads: 2, bias: bias, keySize: keySize, valueSize: valueSize)
      let inputs = [
        Samples.normal([2, 3, width], seed: 6), Samples.normal([2, 4, keySize ?? width], seed: 7),
        Samples.normal([2, 4, valueSize ?? width], seed: 8),
      ]
      return .init(layer, at: inputs) {
        if !showing { return layer(query: $0[0], key: $0[1], value: $0[2], mask: mask) }
        let (output, weights) = layer.outputAndWeights(query: $0[0], key: $0[1], value: $0[2], mask: mask)
        return concatenated([output.reshaped(-1), weights.reshaped(-1)], along: 0)
      }
    }
  }

  /// A bias of the attention scores that is differentiated as well.
  private static func biasedRow(_ shape: Shape, showing: Bool) -> LayerRow {
    LayerRow("MultiheadAttention\(showing ? " with weights" : ""), gradient of a bias \(shape)") {
      let layer = MultiheadAttention(width, heads: 2)
      let inputs = [
        Samples.normal([2, 3, width], seed: 6), Samples.normal([2, 4, width], seed: 7), Samples.normal(shape, seed: 9),
      ]
      return .init(layer, at: inputs) {
        let mask = AttentionMask(bias: $0[2])
        if !showing { return layer(query: $0[0], key: $0[1], value: $0[1], mask: mask) }
        let (output, weights) = layer.outputAndWeights(query: $0[0], key: $0[1], value: $0[1], mask: mask)
        return concatenated([output.reshaped(-1), weights.reshaped(-1)], along: 0)
      }
    }
  }

  static let attentions: [LayerRow] =
    [
      selfRow("no mask", .none),
      selfRow("no biases", bias: false, .none),
      selfRow("causal", .causal),
      selfRow("lengths", .init(keyLengths: [2, 4])),
      selfRow("causal and lengths", .init(causalOffset: 0, keyLengths: [3, 1])),
      selfRow("additive", .init(bias: Samples.normal([2, 1, 4, 4], seed: 10))),
      LayerRow("MultiheadAttention to itself, sizes of their own") {
        let layer = MultiheadAttention(width, heads: 2, keySize: width, valueSize: width)
        return .init(layer, at: [Samples.normal([2, 4, width], seed: 5)]) { layer($0[0], mask: .causal) }
      },
      LayerRow("MultiheadAttention with one head for every feature") {
        let layer = MultiheadAttention(width, heads: width)
        return .init(layer, at: [Samples.normal([1, 3, width], seed: 5)]) { layer($0[0]) }
      },
    ]
    + [false, true].flatMap { showing in
      [
        crossRow("to others", showing: showing),
        crossRow("no biases", bias: false, showing: showing),
        crossRow("a key size", keySize: 3, showing: showing),
        crossRow("a value size", valueSize: 5, showing: showing),
        crossRow("key and value sizes, no biases", keySize: 5, valueSize: 3, bias: false, showing: showing),
        crossRow("lengths", showing: showing, .init(keyLengths: [1, 3])),
        crossRow("causal, shifted", showing: showing, .init(causalOffset: 1)),
        crossRow("hidden keys", showing: showing, .init(bias: hiding)),
        crossRow(
          "everything", keySize: 3, valueSize: 2, showing: showing,
          .init(causalOffset: 1, keyLengths: [4, 2], bias: Samples.normal([2, 3, 4], seed: 11))),
        biasedRow([3, 4], showing: showing),
        biasedRow([2, 2, 3, 4], showing: showing),
        biasedRow([2, 1, 1, 4], showing: showing),
      ]
    }

  static let transformerLayers: [LayerRow] = [false, true].flatMap { isPreNorm in
    let name = isPreNorm ? "pre-norm" : "post-norm"
    let inputs = [Samples.normal([2, 3, width], seed: 12), Samples.normal([2, 4, width], seed: 13)]
    return [
      LayerRow("TransformerBlock, \(name)") {
        let layer = TransformerBlock(width: width, heads: 2, intermediateSize: 5, isPreNorm: isPreNorm)
        return .init(layer, at: [inputs[1]]) { layer($0[0], mask: .init(keyLengths: [4, 3])) }
      },
      LayerRow("TransformerBlock with dropout, \(name)") {
        let layer = TransformerBlock(
          width: width, heads: 1, activation: .tanh, bias: false, dropout: 0.25, isPreNorm: isPreNorm)
        return .init(layer, at: [inputs[1]]) { layer($0[0]) }
      },
      LayerRow("TransformerBlock with cross-attention, \(name)") {
        let layer = TransformerBlock(
          width: width, heads: 2, intermediateSize: 5, activation: .silu, isPreNorm: isPreNorm, hasCrossAttention: true)
        return .init(layer, at: inputs) {
          layer($0[0], mask: .causal, memory: layer.memory(of: $0[1], mask: .init(keyLengths: [2, 4])))
        }
      },
      LayerRow("TransformerBlock with cross-attention and dropout, \(name)") {
        let layer = TransformerBlock(
          width: width, heads: 1, activation: .tanh, epsilon: 0.1, dropout: 0.25, isPreNorm: isPreNorm,
          hasCrossAttention: true)
        return .init(layer, at: inputs) { layer($0[0], mask: .causal, memory: layer.memory(of: $0[1])) }
      },
    ]
  }
}
