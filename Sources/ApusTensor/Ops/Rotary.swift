// Rotary position embeddings: pairs of a head's elements rotated by angles that grow with the position.
// Read first: ApusKernelsReference/ReferenceRotary.swift. Read next: ApusNN/Layers/RotaryPositions.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// Which two elements of a head are rotated together.
public enum RotaryPairing: Sendable, Equatable, Codable {
  /// Elements i and i + n/2 of n rotated ones: Llama, GPT-NeoX, and everything converted for Hugging Face's library.
  case halves
  /// Elements 2i and 2i + 1: the paper, GPT-J, and the weights that Meta published.
  case neighbors
}

extension Tensor {
  /// Rotary position embedding: rotates pairs of every head's elements.
  ///
  ///     (y₁, y₂) = (x₁·cos − x₂·sin, x₂·cos + x₁·sin)
  ///
  /// The product of a query rotated by p·θ and a key rotated by q·θ depends only on p − q, so attention depends on
  /// relative positions (Su et al., arXiv:2104.09864). If a head is larger than twice the number of angles, its other
  /// elements are left unchanged.
  ///
  /// - Parameters:
  ///   - self: [batch, length, heads · size], as a linear layer produces it.
  ///   - heads: the number of heads in the last axis.
  ///   - cosines: [length, angles] or [batch, length, angles]; no gradient flows to them.
  ///   - sines: the same shape.
  ///   - pairing: which two elements share an angle.
  /// - Returns: the shape of this tensor.
  /// - Precondition: the shapes agree; 2 · angles ≤ size.
  public func rotated(heads: Int, cosines: Tensor, sines: Tensor, pairing: RotaryPairing = .halves) -> Tensor {
    let angles = cosines.shape
    require(
      rank == 3 && heads > 0 && shape[2] % heads == 0 && sines.shape == angles && angles.rank >= 2 && angles.rank <= 3
        && angles[angles.rank - 2] == shape[1] && (angles.rank == 2 || angles[0] == shape[0])
        && 2 * angles[angles.rank - 1] * heads <= shape[2],
      """
      rotated: \(shape) with \(heads) heads, cosines \(angles), sines \(sines.shape) (expected [B, T, heads · size] and \
      [T, angles] or [B, T, angles] with 2 · angles ≤ size)
      """)
    let x = self
    return turned(heads, cosines, sines, pairing, isBackward: false).recorded("rotated") {
      wrt(x) { dy in dy.turned(heads, cosines, sines, pairing, isBackward: true) }
    }
  }

  private func turned(
    _ heads: Int, _ cosines: Tensor, _ sines: Tensor, _ pairing: RotaryPairing, isBackward: Bool
  ) -> Tensor {
    let pairs = cosines.shape[cosines.rank - 1]
    let angleRows = cosines.shape.dropLast().reduce(1, *)
    return Tensor(uninitialized: shape) { y in
      read(self, cosines, sines) { x, cosines, sines in
        Kernels.current.rotate(
          RotaryArguments(
            x: x, y: y, cosines: cosines, sines: sines, angleRows: angleRows, rows: shape[0] * shape[1],
            heads: heads, headSize: shape[2] / heads, pairs: pairs, pairsAreNeighbors: pairing == .neighbors,
            isBackward: isBackward),
          Kernels.schedule)
      }
    }
  }
}
