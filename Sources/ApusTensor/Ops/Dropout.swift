// Dropout (Srivastava et al., JMLR 15, 2014), from a counter-based generator: the backward makes the mask again.

import ApusBase
import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// Sets elements to zero with the given probability and divides the others by 1 − probability; outside training, the
  /// identity.
  ///
  /// - Parameters:
  ///   - probability: of an element being dropped, 0 ≤ p < 1.
  ///   - generator: the source of randomness; by default that of the innermost `withSeed`.
  public func droppingOut(probability: Float, using generator: RandomGenerator = .current) -> Tensor {
    require(probability >= 0 && probability < 1, "droppingOut: a probability of \(probability)")
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
