// The naive twins of the functions of one variable, each beside its derivative.
// Read next: ApusKernelsBaseline/Pointwise/PointwiseFunction.swift, the kernels; ApusKernelsBaseline/SIMD/FastMath.swift, their exp and erf.

package import ApusKernelTypes

extension Reference {
  /// y = f(x), element by element.
  @specialized(where T == Double)
  package static func unary<T: ReferenceScalar>(_ operation: UnaryOperation, _ x: [T]) -> [T] {
    x.map(function(operation).value)
  }

  /// dx = dy · f′(x), element by element, from the input x.
  @specialized(where T == Double)
  package static func unaryBackward<T: ReferenceScalar>(_ operation: UnaryOperation, input x: [T], _ dy: [T]) -> [T] {
    let derivative: (T) -> T = function(operation).derivative
    return zip(x, dy).map { x, dy in dy * derivative(x) }
  }

  /// f and f′
  @specialized(where T == Double)
  private static func function<T: ReferenceScalar>(
    _ operation: UnaryOperation
  ) -> (value: (T) -> T, derivative: (T) -> T) {
    switch operation {
    case .negate: ({ -$0 }, { _ in -1 })
    case .square: ({ $0 * $0 }, { 2 * $0 })
    case .squareRoot: ({ $0.squareRoot() }, { 1 / (2 * $0.squareRoot()) })
    case .inverseSquareRoot: ({ 1 / $0.squareRoot() }, { -1 / (2 * $0 * $0.squareRoot()) })
    case .reciprocal: ({ 1 / $0 }, { -1 / ($0 * $0) })
    case .absolute: ({ abs($0) }, { $0 == 0 ? 0 : $0 < 0 ? -1 : 1 })
    case .exp: ({ T.exp($0) }, { T.exp($0) })
    case .log: ({ T.log($0) }, { 1 / $0 })
    case .sine: ({ T.sin($0) }, { T.cos($0) })
    case .cosine: ({ T.cos($0) }, { -T.sin($0) })
    case .tanh: ({ T.tanh($0) }, { 1 - T.tanh($0) * T.tanh($0) })
    case .sigmoid: ({ sigmoid($0) }, { sigmoid($0) * sigmoid(-$0) })
    case .erf: ({ T.erf($0) }, { 2 / T.pi.squareRoot() * T.exp(-$0 * $0) })
    case .relu: ({ $0 < 0 ? 0 : $0 }, { $0 <= 0 ? 0 : 1 })
    // At −∞ the limit: the product would be −∞ · 0.
    case .gelu:
      ({ $0 == -.infinity ? 0 : $0 * normal($0).cumulative }, { normal($0).cumulative + $0 * normal($0).density })
    case .geluTanh:
      (
        { x in x / 2 * (1 + T.tanh(geluAngle(x).u)) },
        { x in
          let (u, slope) = geluAngle(x)
          let t = T.tanh(u)
          return (1 + t) / 2 + x / 2 * (1 - t * t) * slope
        }
      )
    case .silu: ({ $0 * sigmoid($0) }, { sigmoid($0) + $0 * sigmoid($0) * sigmoid(-$0) })
    case .quickGelu:
      (
        { x in x * sigmoid(T(1.702) * x) },
        { x in
          let (steep, p) = (T(1.702) * x, sigmoid(T(1.702) * x))
          return p + steep * p * sigmoid(-steep)
        }
      )
    case .floor: ({ $0.rounded(.down) }, { _ in 0 })
    case .ceiling: ({ $0.rounded(.up) }, { _ in 0 })
    case .round: ({ $0.rounded(.toNearestOrEven) }, { _ in 0 })
    }
  }

  /// σ(x) = 1 / (1 + e⁻ˣ)
  private static func sigmoid<T: ReferenceScalar>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

  /// Density φ and cumulative distribution Φ of the standard normal distribution: gelu(x) = x·Φ(x).
  private static func normal<T: ReferenceScalar>(_ x: T) -> (density: T, cumulative: T) {
    let density = T.exp(-x * x / 2) / (2 * T.pi).squareRoot()
    return (density, (1 + T.erf(x / T(2).squareRoot())) / 2)
  }

  /// u(x) = √(2/π)·(x + 0.044715·x³) of gelu's tanh approximation, and u′ (arXiv:1606.08415).
  private static func geluAngle<T: ReferenceScalar>(_ x: T) -> (u: T, slope: T) {
    let (scale, cubic) = ((2 / T.pi).squareRoot(), T(0.044_715))
    return (scale * (x + cubic * x * x * x), scale * (1 + 3 * cubic * x * x))
  }
}
