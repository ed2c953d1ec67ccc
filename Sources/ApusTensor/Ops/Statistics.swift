// Variance, standard deviation, log-sum-exp and cumulative sums along axes.
// Read first: Reductions.swift, Strides.swift. Read next: ApusKernelsReference/ReferenceAxes.swift, the definitions.

import ApusKernelTypes
import ApusKernels

extension Tensor {
  /// The variance over the given axes.
  ///
  ///     Σ (x − mean)² / (n − correction)
  ///
  /// - Parameters:
  ///   - axes: the axes to reduce; negative ones count from the end.
  ///   - correction: 1 for the unbiased estimate from a sample, 0 for the mean squared deviation.
  ///   - keepingDimensions: whether the axes are kept with size 1.
  /// - Returns: the tensor without these axes; ∞ or NaN if n ≤ correction.
  /// - Complexity: one pass for the mean and one for the squares, over lines in cache.
  public func variance(along axes: [Int], correction: Int = 1, keepingDimensions: Bool = false) -> Tensor {
    let axes = normalized(axes, "variance")
    let (x, run) = together(axes)
    let divisor = Float(Swift.max(0, run.count - correction))
    let (mean, y) = x.moments(run, divisor, shape.reduced(along: axes, keepingDimensions: keepingDimensions))
    return y.recorded("variance") {
      wrt(x) { dy in x.scaledDeviations(run, from: mean, scale: dy * (2 / divisor)) }
    }
  }

  /// The variance over one axis.
  public func variance(along axis: Int, correction: Int = 1, keepingDimensions: Bool = false) -> Tensor {
    variance(along: [axis], correction: correction, keepingDimensions: keepingDimensions)
  }

  /// The variance of all elements, a scalar.
  public func variance(correction: Int = 1) -> Tensor { variance(along: Array(0..<rank), correction: correction) }

  /// The standard deviation over the given axes: the square root of the variance.
  ///
  /// - Parameters:
  ///   - axes: the axes to reduce; negative ones count from the end.
  ///   - correction: 1 to take the root of the unbiased variance estimate, 0 for the root mean square deviation.
  ///   - keepingDimensions: whether the axes are kept with size 1.
  /// - Returns: the tensor without these axes. Where the deviation is 0, its gradient is taken as 0.
  public func standardDeviation(
    along axes: [Int], correction: Int = 1, keepingDimensions: Bool = false
  ) -> Tensor {
    let axes = normalized(axes, "standardDeviation")
    let (x, run) = together(axes)
    let divisor = Float(Swift.max(0, run.count - correction))
    let (mean, variance) = x.moments(run, divisor, shape.reduced(along: axes, keepingDimensions: keepingDimensions))
    let y = variance.squareRoot()
    return y.recorded("standardDeviation") {
      wrt(x) { dy in
        // dσ² = 2σ dσ
        let scale = Tensor(uninitialized: y.shape) { scale in
          read(y, dy) { y, dy in
            for line in 0..<run.lines { scale[line] = y[line] == 0 ? 0 : dy[line] / (y[line] * divisor) }
          }
        }
        return x.scaledDeviations(run, from: mean, scale: scale)
      }
    }
  }

  /// The standard deviation over one axis.
  public func standardDeviation(along axis: Int, correction: Int = 1, keepingDimensions: Bool = false) -> Tensor {
    standardDeviation(along: [axis], correction: correction, keepingDimensions: keepingDimensions)
  }

  /// The standard deviation of all elements, a scalar.
  public func standardDeviation(correction: Int = 1) -> Tensor {
    standardDeviation(along: Array(0..<rank), correction: correction)
  }

  private func moments(_ run: AxisRun, _ divisor: Float, _ shape: Shape) -> (mean: Storage, variance: Tensor) {
    let mean = Storage(count: run.lines)
    let variance = Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.variance(
          x, mean: mean.elements, y, outer: run.outer, count: run.count, inner: run.inner, divisor: divisor,
          Kernels.schedule)
      }
    }
    return (mean, variance)
  }

  /// scale · (x − mean), with one mean and one scale for every line.
  private func scaledDeviations(_ run: AxisRun, from mean: Storage, scale: Tensor) -> Tensor {
    Tensor(uninitialized: shape) { dx in
      read(self, scale) { x, scale in
        Kernels.current.scaledDeviations(
          x, mean: mean.elements, scale: scale, dx, outer: run.outer, count: run.count, inner: run.inner,
          Kernels.schedule)
      }
    }
  }

  /// log Σ eˣ over the given axes, computed without overflow.
  ///
  /// - Parameters:
  ///   - axes: the axes to reduce; negative ones count from the end.
  ///   - keepingDimensions: whether the axes are kept with size 1.
  /// - Returns: the tensor without these axes. Lines that are empty or contain only −∞ give −∞, with gradient 0.
  public func logSumExp(along axes: [Int], keepingDimensions: Bool = false) -> Tensor {
    let axes = normalized(axes, "logSumExp")
    let (x, run) = together(axes)
    let y = Tensor(uninitialized: shape.reduced(along: axes, keepingDimensions: keepingDimensions)) { y in
      read(x) { x in
        Kernels.current.logSumExp(x, y, outer: run.outer, count: run.count, inner: run.inner, Kernels.schedule)
      }
    }
    return y.recorded("logSumExp") {
      wrt(x) { dy in
        Tensor(uninitialized: x.shape) { dx in
          read(x, y, dy) { x, y, dy in
            Kernels.current.logSumExpBackward(
              x, y, dy, dx, outer: run.outer, count: run.count, inner: run.inner, Kernels.schedule)
          }
        }
      }
    }
  }

  /// log Σ eˣ over one axis, computed without overflow.
  public func logSumExp(along axis: Int, keepingDimensions: Bool = false) -> Tensor {
    logSumExp(along: [axis], keepingDimensions: keepingDimensions)
  }

  /// The cumulative sum along an axis.
  ///
  ///     y[r] = x[0] + … + x[r]
  ///
  /// - Complexity: one pass, or two over long lines. Sums are accumulated in Double.
  public func cumulativeSum(along axis: Int) -> Tensor {
    let axis = shape.normalized(axis: axis, "cumulativeSum")
    let x = self
    return runningSum(axis, isReversed: false).recorded("cumulativeSum") {
      wrt(x) { dy in dy.runningSum(axis, isReversed: true) }
    }
  }

  private func runningSum(_ axis: Int, isReversed: Bool) -> Tensor {
    let run = AxisRun(shape, axis)
    return Tensor(uninitialized: shape) { y in
      read(self) { x in
        Kernels.current.cumulativeSum(
          x, y, outer: run.outer, count: run.count, inner: run.inner, isReversed: isReversed, Kernels.schedule)
      }
    }
  }
}
