// Random tensors. Read first: RandomGenerator.swift. Read next: ApusNN/Initialization.swift.

import ApusKernelTypes
import ApusKernels
import Foundation

extension Tensor {
  /// A tensor of random numbers, uniformly distributed over [low, high).
  ///
  /// Rounding can produce `high` itself, with probability 2⁻²⁴.
  public static func randomUniform(
    _ shape: Shape, from low: Float = 0, to high: Float = 1, using generator: RandomGenerator = .current
  ) -> Tensor {
    let stream = generator.takeStream()
    return Tensor(uninitialized: shape) { target in
      Kernels.current.uniform(target, count: shape.elementCount, key: generator.seed, stream: stream, Kernels.schedule)
      if low != 0 || high != 1 {
        Kernels.current.affine(
          target, target, scale: high - low, offset: low, count: shape.elementCount, Kernels.schedule)
      }
    }
  }

  /// A tensor of random numbers, normally distributed.
  ///
  /// The Box–Muller transform (Box and Muller 1958) makes two normal numbers out of two uniform ones.
  public static func randomNormal(
    _ shape: Shape, mean: Float = 0, standardDeviation: Float = 1, using generator: RandomGenerator = .current
  ) -> Tensor {
    let count = shape.elementCount
    let pairs = (count + 1) / 2
    let uniforms = randomUniform([2 * pairs], using: generator)
    return Tensor(uninitialized: shape) { target in
      read(uniforms) { u in
        let grain = 4_096
        Kernels.schedule.run((pairs + grain - 1) / grain) { tile, _ in
          for pair in tile * grain..<Swift.min(pairs, (tile + 1) * grain) {
            // 1 − u is in (0, 1]: its logarithm is finite.
            let radius = (-2 * Foundation.log(1 - Double(u[2 * pair]))).squareRoot()
            let angle = 2 * Double.pi * Double(u[2 * pair + 1])
            target[2 * pair] = mean + standardDeviation * Float(radius * Foundation.cos(angle))
            if 2 * pair + 1 < count {
              target[2 * pair + 1] = mean + standardDeviation * Float(radius * Foundation.sin(angle))
            }
          }
        }
      }
    }
  }
}
