// Rotary position embeddings: positions as rotations of queries and keys. Read first: ApusTensor/Ops/Rotary.swift.
// Read next: RotaryScaling.swift, for sequences longer than those of the training.

import ApusBase
public import ApusTensor
import Foundation

/// Rotates pairs of features of queries and keys by the angles position · frequency, with frequencies
/// base^(−2i/n) for i = 0 ..< n/2 (Su et al., arXiv:2104.09864).
///
/// ```swift
/// let rotary = RotaryPositions(headSize: 64)
/// let result = attention(query: rotary(q, heads: 8), key: rotary(k, heads: 8), value: v, heads: 8, mask: .causal)
/// ```
public final class RotaryPositions: Module {
  /// The number of features of a head that are rotated, beginning with the first; even.
  public let size: Int
  /// The base of the geometric sequence of frequencies.
  public let base: Float
  /// How frequencies change for sequences longer than those of the training.
  public let scaling: RotaryScaling
  /// Which features of a head are rotated together.
  public let pairing: RotaryPairing
  /// The frequencies of short sequences, [size / 2].
  let frequencies: [Float]

  /// - Parameters:
  ///   - size: the number of rotated features of a head: the head size, or less.
  ///   - base: the base of the frequencies: 10,000 in the paper, larger for longer contexts.
  ///   - scaling: how frequencies change for sequences longer than those of the training.
  ///   - pairing: which features of a head are rotated together.
  /// - Precondition: the size is even and positive.
  public init(
    headSize size: Int, base: Float = 10_000, scaling: RotaryScaling = .none, pairing: RotaryPairing = .halves
  ) {
    require(size > 0 && size % 2 == 0, "RotaryPositions: \(size) features (expected an even number)")
    (self.size, self.base, self.scaling, self.pairing) = (size, base, scaling, pairing)
    frequencies = scaling.frequencies(size: size, base: base, length: 0)
  }

  /// Rotates queries or keys at positions `start ..< start + length`.
  ///
  /// - Parameters:
  ///   - x: [batch, length, heads · head size]
  ///   - heads: the number of heads in x.
  ///   - start: the first position.
  /// - Returns: the shape of x.
  public func callAsFunction(_ x: Tensor, heads: Int, from start: Int = 0) -> Tensor {
    angles(start..<start + x.shape[1]).rotate(x, heads: heads)
  }

  /// Rotates queries or keys at positions that differ from sequence to sequence.
  ///
  /// - Parameters:
  ///   - x: [batch, length, heads · head size]
  ///   - heads: the number of heads in x.
  ///   - positions: [batch, length]
  /// - Returns: the shape of x.
  public func callAsFunction(_ x: Tensor, heads: Int, positions: IndexTensor) -> Tensor {
    angles(positions).rotate(x, heads: heads)
  }

  /// The angles of positions, computed once for the attentions of all blocks.
  ///
  /// - Parameter positions: [length] or [batch, length]
  /// - Returns: cosines and sines, [.., size / 2].
  public func angles(_ positions: IndexTensor) -> RotaryAngles {
    angles(positions.indices.lazy.map { Int($0) }, positions.shape)
  }

  /// The angles of consecutive positions: cosines and sines, [count, size / 2].
  public func angles(_ positions: Range<Int>) -> RotaryAngles { angles(positions, [positions.count]) }

  /// The angles of the positions of the tokens in a batch.
  public func angles(_ positions: TokenPositions) -> RotaryAngles {
    switch positions {
    case .range(let range): angles(range)
    case .indices(let indices): angles(indices)
    }
  }

  private func angles(_ positions: some RandomAccessCollection<Int>, _ positionsShape: Shape) -> RotaryAngles {
    let length = (positions.max() ?? -1) + 1
    let frequencies =
      scaling.dependsOnLength ? scaling.frequencies(size: size, base: base, length: length) : self.frequencies
    let amplitude = Double(scaling.amplitude)
    var shape = positionsShape
    shape.append(size / 2)
    // In Float, as the models were trained: at position 10,000 the last bit of a frequency changes the angle by a thousandth.
    func table(_ function: (Double) -> Double) -> Tensor {
      Tensor(uninitialized: shape) { target in
        for (row, position) in positions.enumerated() {
          for (column, frequency) in frequencies.enumerated() {
            target[row * frequencies.count + column] =
              Float(function(Double(Float(position) * frequency)) * amplitude)
          }
        }
      }
    }
    return RotaryAngles(cosines: table { cos($0) }, sines: table { sin($0) }, pairing: pairing)
  }
}

/// The cosines and sines of the rotation angles of some positions.
public struct RotaryAngles: Sendable {
  /// [length, angles] or [batch, length, angles]
  public let cosines: Tensor
  /// The same shape.
  public let sines: Tensor
  /// Which features of a head are rotated together.
  public let pairing: RotaryPairing

  /// Rotates queries or keys.
  ///
  /// - Parameters:
  ///   - x: [batch, length, heads · head size]
  ///   - heads: the number of heads in x.
  /// - Returns: the shape of x.
  public func rotate(_ x: Tensor, heads: Int) -> Tensor {
    x.rotated(heads: heads, cosines: cosines, sines: sines, pairing: pairing)
  }
}
