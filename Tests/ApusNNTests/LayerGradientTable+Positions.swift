// Layer gradient rows of positions: learned, sinusoidal, rotary, relative. Read first: LayerGradientTable.swift.

import ApusNN
import ApusTensor
import ApusTesting

extension LayerGradientTable {
  static let positions: [LayerRow] =
    [
      LayerRow("LearnedPositions") {
        let layer = LearnedPositions(5, 3)
        return .init(layer, at: [Samples.normal([2, 4, 3])]) { ($0[0] + layer(4)).tanh() }
      },
      LayerRow("LearnedPositions from the second on") {
        let layer = LearnedPositions(5, 3)
        return .init(layer) { _ in layer(2, from: 1) }
      },
      LayerRow("SinusoidalPositions") {
        let layer = SinusoidalPositions(4)
        return .init(layer, at: [Samples.normal([2, 3, 4])]) { ($0[0] + layer(3, from: 2)).tanh() }
      },
      LayerRow("SinusoidalPositions, sines first") {
        let layer = SinusoidalPositions(5, layout: .halves)
        return .init(layer, at: [Samples.normal([2, 3, 5])]) { ($0[0] + layer(3)).tanh() }
      },
    ]
    + [RotaryPairing.halves, .neighbors].flatMap { pairing in
      [
        LayerRow("RotaryPositions, \(pairing)") {
          let layer = RotaryPositions(headSize: 4, base: 10, pairing: pairing)
          return .init(layer, at: [Samples.normal([2, 3, 8])]) { layer($0[0], heads: 2, from: 1).tanh() }
        },
        LayerRow("RotaryPositions of a part of each head, \(pairing)") {
          let layer = RotaryPositions(headSize: 2, scaling: .yarn(factor: 4, originalLength: 2), pairing: pairing)
          let positions = IndexTensor([0, 1, 5, 3, 2, 9], shape: [2, 3])
          return .init(layer, at: [Samples.normal([2, 3, 6])]) { layer($0[0], heads: 2, positions: positions).tanh() }
        },
      ]
    } + [
      LayerRow("RelativePositionBias in both directions") {
        let layer = RelativePositionBias(heads: 2, buckets: 8, maximumDistance: 6, isBidirectional: true)
        return .init(layer, at: [Samples.normal([2, 5, 6])]) { ($0[0] + layer(queries: 5, keys: 6)).tanh() }
      },
      LayerRow("RelativePositionBias backwards, of later queries") {
        let layer = RelativePositionBias(heads: 3, buckets: 4, maximumDistance: 5, isBidirectional: false)
        return .init(layer) { _ in layer(queries: 2, keys: 9, from: 7).tanh() }
      },
    ]
}
