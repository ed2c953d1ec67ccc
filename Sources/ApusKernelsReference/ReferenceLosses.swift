// The naive twins of log-softmax, cross-entropy, and losses between two tensors element by element.
// Read next: ApusKernelsBaseline/Losses/, the kernels.

package import ApusKernelTypes

extension Reference {
  /// y[r, j] = x[r, j] − ln Σ_l e^x[r, l], [rows, columns].
  @specialized(where T == Double)
  package static func logSoftmax<T: ReferenceScalar>(_ x: [T], rows: Int, columns: Int) -> [T] {
    var y = x
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      let logarithm = logSumExp(x[range])
      for i in range { y[i] -= logarithm }
    }
    return y
  }

  /// dx = dy − eʸ · Σ_j dy[·, j], from the result y, [rows, columns].
  @specialized(where T == Double)
  package static func logSoftmaxBackward<T: ReferenceScalar>(_ y: [T], _ dy: [T], rows: Int, columns: Int) -> [T] {
    var dx = dy
    for row in 0..<rows {
      let range = row * columns..<(row + 1) * columns
      var total: T = 0
      for i in range { total += dy[i] }
      for i in range { dx[i] -= T.exp(y[i]) * total }
    }
    return dx
  }

  /// The target distributions of classes: q[r, j] = (1 − smoothing)·[j = target[r]] + smoothing / classes, and 0 where the
  /// target is `ignored`.
  ///
  /// - Parameters:
  ///   - targets: [rows]
  ///   - ignored: The target class whose rows are ignored.
  ///   - classes: Number of classes.
  ///   - smoothing: The share that is spread evenly over all classes (Szegedy et al., arXiv:1512.00567).
  /// - Returns: [rows, classes]
  package static func distributions<T: ReferenceScalar>(
    of targets: [Int32], ignoring ignored: Int32, classes: Int, smoothing: T
  ) -> [T] {
    var q = [T](repeating: 0, count: targets.count * classes)
    for (row, target) in targets.enumerated() where target != ignored {
      for j in 0..<classes { q[row * classes + j] = smoothing / T(classes) }
      q[row * classes + Int(target)] += 1 - smoothing
    }
    return q
  }

  /// loss[r] = −Σ_j w[j]·q[r, j]·ln softmax(x)[r, j]
  ///
  /// - Parameters:
  ///   - x: Logits, [rows, classes].
  ///   - q: Target distributions, [rows, classes].
  ///   - weights: [classes]; nil: ones.
  ///   - classes: Number of classes.
  /// - Returns: The losses and ln Σ eˣ, both [rows].
  @specialized(where T == Double)
  package static func crossEntropy<T: ReferenceScalar>(
    _ x: [T], _ q: [T], weights: [T]?, classes: Int
  ) -> (losses: [T], logSumExp: [T]) {
    let rows = x.count / max(1, classes)
    var (losses, logarithms) = ([T](repeating: 0, count: rows), [T](repeating: 0, count: rows))
    for row in 0..<rows {
      let range = row * classes..<(row + 1) * classes
      logarithms[row] = logSumExp(x[range])
      for i in range { losses[row] += (weights?[i - range.lowerBound] ?? 1) * q[i] * (logarithms[row] - x[i]) }
    }
    return (losses, logarithms)
  }

  /// dx[r, j] = scale[r] · (softmax(x)[r, j] · Σ_l w[l]·q[r, l] − w[j]·q[r, j])
  ///
  /// - Parameters:
  ///   - x: Logits, [rows, classes].
  ///   - q: Target distributions, [rows, classes].
  ///   - weights: [classes]; nil: ones.
  ///   - scales: The gradient of every loss, [rows].
  ///   - classes: Number of classes.
  /// - Returns: [rows, classes]
  @specialized(where T == Double)
  package static func crossEntropyBackward<T: ReferenceScalar>(
    _ x: [T], _ q: [T], weights: [T]?, scales: [T], classes: Int
  ) -> [T] {
    let rows = x.count / max(1, classes)
    var dx = softmax(x, rows: rows, columns: classes)
    for row in 0..<rows {
      let range = row * classes..<(row + 1) * classes
      var total: T = 0
      for i in range { total += (weights?[i - range.lowerBound] ?? 1) * q[i] }
      for i in range { dx[i] = scales[row] * (dx[i] * total - (weights?[i - range.lowerBound] ?? 1) * q[i]) }
    }
    return dx
  }

  /// f(x, t), element by element.
  @specialized(where T == Double)
  package static func pairwiseLoss<T: ReferenceScalar>(_ loss: PairwiseLoss, _ x: [T], _ t: [T]) -> [T] {
    var y = x
    for i in x.indices { y[i] = evaluated(loss, x[i], t[i]).value }
    return y
  }

  /// scale · ∂f/∂x, or scale · ∂f/∂t if `isOfTarget`, element by element.
  @specialized(where T == Double)
  package static func pairwiseLossBackward<T: ReferenceScalar>(
    _ loss: PairwiseLoss, isOfTarget: Bool, _ x: [T], _ t: [T], scales: [T]
  ) -> [T] {
    var dx = x
    for i in x.indices {
      let f = evaluated(loss, x[i], t[i])
      dx[i] = scales[i] * (isOfTarget ? f.targetDerivative : f.derivative)
    }
    return dx
  }

  /// f(x, t), ∂f/∂x and ∂f/∂t
  private static func evaluated<T: ReferenceScalar>(
    _ loss: PairwiseLoss, _ x: T, _ t: T
  ) -> (value: T, derivative: T, targetDerivative: T) {
    let (d, size, p) = (x - t, abs(x - t), T(loss.parameter))
    let sign: T = d == 0 ? 0 : d < 0 ? -1 : 1
    switch loss.operation {
    case .squared: return (d * d, 2 * d, -2 * d)
    case .absolute: return (size, sign, -sign)
    case .smoothAbsolute: return size < p ? (d * d / (2 * p), d / p, -d / p) : (size - p / 2, sign, -sign)
    case .huber: return size <= p ? (d * d / 2, d, -d) : (p * (size - p / 2), p * sign, -p * sign)
    case .binaryCrossEntropy:
      return ((x < 0 ? 0 : x) - t * x + T.log1p(T.exp(-abs(x))), 1 / (1 + T.exp(-x)) - t, -x)
    case .divergence: return (t == 0 ? 0 : t * (T.log(t) - x), -t, T.log(t) + 1 - x)
    case .logDivergence: return (T.exp(t) * (t - x), -T.exp(t), T.exp(t) * (t - x + 1))
    }
  }
}
