// Dropout (Srivastava et al., JMLR 15, 2014). The generator is counter-based, so the backward pass recomputes the mask.
// Read first: RandomGenerator.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// Dropout: sets elements to zero with the given probability, and divides the others by 1 − probability.
  ///
  /// Outside of training mode it is the identity.
  ///
  /// - Parameters:
  ///   - probability: the probability that an element is dropped.
  ///   - generator: the source of randomness; by default the generator of the innermost `withSeed` scope.
  /// - Returns: the shape of this tensor.
  /// - Precondition: 0 ≤ probability < 1.
  public func droppingOut(probability: Float, using generator: RandomGenerator = .current) -> Tensor {
    require(probability >= 0 && probability < 1, "droppingOut: probability is \(probability) (expected 0 ≤ p < 1)")
    guard isTraining, probability > 0 else { return self }
    let x = self
    let stream = generator.takeStream()
    return masked(keeping: 1 - probability, generator.seed, stream).recorded("droppingOut") {
      wrt(x) { dy in dy.masked(keeping: 1 - probability, generator.seed, stream) }
    }
  }

  private func masked(keeping keep: Float, _ seed: UInt64, _ stream: UInt64) -> Tensor {
    Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.dropout(x, y, count: elementCount, keep: keep, key: seed, stream: stream, Kernels.schedule)
      }
    }
  }
}
