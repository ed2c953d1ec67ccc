// The naive twins of the functions of one variable, each beside its derivative.
// Read next: ApusKernelsBaseline/Pointwise/Activations.swift, the kernels; SIMD/FastMath.swift, their exp and erf.

package import ApusKernelTypes

extension Reference {
  /// y = f(x), element by element.
  @specialized(where T == Double)
  package static func unary<T: ReferenceScalar>(_ operation: UnaryOperation, _ x: [T]) -> [T] {
    var y = x
    for i in x.indices { y[i] = value(operation, x[i]) }
    return y
  }

  /// dx = dy · f′(x), element by element, from the input x.
  @specialized(where T == Double)
  package static func unaryBackward<T: ReferenceScalar>(_ operation: UnaryOperation, input x: [T], _ dy: [T]) -> [T] {
    var dx = dy
    for i in x.indices { dx[i] = dy[i] * derivative(operation, x[i]) }
    return dx
  }

  /// f(x)
  @specialized(where T == Double)
  package static func value<T: ReferenceScalar>(_ operation: UnaryOperation, _ x: T) -> T {
    switch operation {
    case .negate: return -x
    case .square: return x * x
    case .squareRoot: return x.squareRoot()
    case .inverseSquareRoot: return 1 / x.squareRoot()
    case .reciprocal: return 1 / x
    case .absolute: return abs(x)
    case .exp: return T.exp(x)
    case .log: return T.log(x)
    case .sine: return T.sin(x)
    case .cosine: return T.cos(x)
    case .tanh: return T.tanh(x)
    case .sigmoid: return sigmoid(x)
    case .erf: return T.erf(x)
    case .relu: return x < 0 ? 0 : x
    // (The limit, where the product would be −∞ · 0.)
    case .gelu: return x == -.infinity ? 0 : x * normal(x).cumulative
    case .geluTanh: return x / 2 * (1 + T.tanh(geluAngle(x).u))
    case .silu: return x * sigmoid(x)
    case .quickGelu: return x * sigmoid(T(1.702) * x)
    case .floor: return x.rounded(.down)
    case .ceiling: return x.rounded(.up)
    case .round: return x.rounded(.toNearestOrEven)
    }
  }

  /// f′(x)
  @specialized(where T == Double)
  package static func derivative<T: ReferenceScalar>(_ operation: UnaryOperation, _ x: T) -> T {
    switch operation {
    case .negate: return -1
    case .square: return 2 * x
    case .squareRoot: return 1 / (2 * x.squareRoot())
    case .inverseSquareRoot: return -1 / (2 * x * x.squareRoot())
    case .reciprocal: return -1 / (x * x)
    case .absolute: return x == 0 ? 0 : x < 0 ? -1 : 1
    case .exp: return T.exp(x)
    case .log: return 1 / x
    case .sine: return T.cos(x)
    case .cosine: return -T.sin(x)
    case .tanh: return 1 - T.tanh(x) * T.tanh(x)
    case .sigmoid: return sigmoid(x) * sigmoid(-x)
    case .erf: return 2 / T.pi.squareRoot() * T.exp(-x * x)
    case .relu: return x <= 0 ? 0 : 1
    case .gelu: return normal(x).cumulative + x * normal(x).density
    case .geluTanh:
      let (u, slope) = geluAngle(x)
      let t = T.tanh(u)
      return (1 + t) / 2 + x / 2 * (1 - t * t) * slope
    case .silu: return sigmoid(x) + x * sigmoid(x) * sigmoid(-x)
    case .quickGelu:
      let (steep, p) = (T(1.702) * x, sigmoid(T(1.702) * x))
      return p + steep * p * sigmoid(-steep)
    case .floor, .ceiling, .round: return 0
    }
  }

  /// σ(x) = 1 / (1 + e⁻ˣ)
  private static func sigmoid<T: ReferenceScalar>(_ x: T) -> T { 1 / (1 + T.exp(-x)) }

  /// Density φ and cumulative distribution Φ of the standard normal distribution: gelu(x) = x·Φ(x).
  private static func normal<T: ReferenceScalar>(_ x: T) -> (density: T, cumulative: T) {
    let density = T.exp(-x * x / 2) / (2 * T.pi).squareRoot()
    return (density, (1 + T.erf(x / T(2).squareRoot())) / 2)
  }

  /// u(x) = √(2/π)·(x + 0.044715·x³) of the tanh approximation of gelu, and u′ (arXiv:1606.08415).
  private static func geluAngle<T: ReferenceScalar>(_ x: T) -> (u: T, slope: T) {
    let (scale, cubic) = ((2 / T.pi).squareRoot(), T(0.044_715))
    return (scale * (x + cubic * x * x * x), scale * (1 + 3 * cubic * x * x))
  }
}
