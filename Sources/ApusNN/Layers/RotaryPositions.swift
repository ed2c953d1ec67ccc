// Positions as rotations of queries and keys. Read first: ApusTensor/Ops/Rotary.swift.
// Read next: RotaryScaling.swift, for texts longer than those of the training.

import ApusBase
public import ApusTensor
import Foundation

/// Turns the features of queries and keys in pairs by angles position · frequency, with frequencies
/// base^(−2i/n) for i = 0 ..< n/2 (Su et al., arXiv:2104.09864).
///
/// ```swift
/// let rotary = RotaryPositions(headSize: 64)
/// let result = attention(query: rotary(q, heads: 8), key: rotary(k, heads: 8), value: v, heads: 8, mask: .causal)
/// ```
public final class RotaryPositions: Module {
  /// Features of a head that are turned, from its first one on; even.
  public let size: Int
  /// Of the frequencies' geometric sequence.
  public let base: Float
  /// How positions beyond those of the training are treated.
  public let scaling: RotaryScaling
  /// Which features of a head are turned together.
  public let pairing: RotaryPairing
  /// The frequencies of short texts, [size / 2].
  let frequencies: [Float]

  /// - Parameters:
  ///   - size: turned features of a head: the head's size, or less.
  ///   - base: 10,000 in the paper; longer contexts take larger ones.
  /// - Precondition: the size is even and positive.
  public init(
    headSize size: Int, base: Float = 10_000, scaling: RotaryScaling = .none, pairing: RotaryPairing = .halves
  ) {
    require(size > 0 && size % 2 == 0, "RotaryPositions: \(size) features (expected an even number)")
    (self.size, self.base, self.scaling, self.pairing) = (size, base, scaling, pairing)
    frequencies = scaling.frequencies(size: size, base: base, length: 0)
  }

  /// Queries or keys turned by the angles of positions `start ..< start + length`.
  ///
  /// - Parameters:
  ///   - x: [batch, length, heads · head size]
  ///   - heads: the number of heads in x.
  /// - Returns: the shape of x.
  public func callAsFunction(_ x: Tensor, heads: Int, from start: Int = 0) -> Tensor {
    let (cosines, sines) = angles(start..<start + x.shape[1])
    return x.rotated(heads: heads, cosines: cosines, sines: sines, pairing: pairing)
  }

  /// Queries or keys turned by the angles of positions that differ from sequence to sequence.
  ///
  /// - Parameters:
  ///   - x: [batch, length, heads · head size]
  ///   - positions: [batch, length]
  /// - Returns: the shape of x.
  public func callAsFunction(_ x: Tensor, heads: Int, positions: IndexTensor) -> Tensor {
    let (cosines, sines) = angles(positions)
    return x.rotated(heads: heads, cosines: cosines, sines: sines, pairing: pairing)
  }

  /// The cosines and sines of positions, for several calls of `Tensor.rotated` with the same ones.
  ///
  /// - Parameter positions: [length] or [batch, length]
  /// - Returns: two tensors [.., size / 2].
  public func angles(_ positions: IndexTensor) -> (cosines: Tensor, sines: Tensor) {
    angles(positions.indices.lazy.map { Int($0) }, positions.shape)
  }

  /// The same of positions that follow each other: two tensors [count, size / 2].
  public func angles(_ positions: Range<Int>) -> (cosines: Tensor, sines: Tensor) {
    angles(positions, [positions.count])
  }

  private func angles(
    _ positions: some RandomAccessCollection<Int>, _ positionsShape: Shape
  ) -> (cosines: Tensor, sines: Tensor) {
    let length = (positions.max() ?? -1) + 1
    let frequencies =
      scaling.dependsOnLength ? scaling.frequencies(size: size, base: base, length: length) : self.frequencies
    let amplitude = Double(scaling.amplitude)
    var shape = positionsShape
    shape.append(size / 2)
    // In Float as the models were trained: at position 10,000 a frequency's last bit turns by a thousandth.
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
    return (table { cos($0) }, table { sin($0) })
  }
}
