// The naive twins of functions with parameters, each beside its derivative, and of selection by a mask.
// Read next: ApusKernelsBaseline/Pointwise/Parametric.swift and Selection.swift, the kernels.

package import ApusKernelTypes

extension Reference {
  /// y = f(x), element by element.
  @specialized(where T == Double)
  package static func parametric<T: ReferenceScalar>(_ f: ParametricFunction, _ x: [T]) -> [T] {
    var y = x
    for i in x.indices { y[i] = value(f, x[i]) }
    return y
  }

  /// dx = dy · f′(x), element by element.
  @specialized(where T == Double)
  package static func parametricBackward<T: ReferenceScalar>(_ f: ParametricFunction, _ x: [T], _ dy: [T]) -> [T] {
    var dx = dy
    for i in x.indices { dx[i] = dy[i] * derivative(f, x[i]) }
    return dx
  }

  private static func value<T: ReferenceScalar>(_ f: ParametricFunction, _ x: T) -> T {
    let (a, b) = (T(f.a), T(f.b))
    switch f.operation {
    case .leakyReLU: return x < 0 ? a * x : x
    case .elu: return x <= 0 ? a * T.expm1(x) : x
    // max(ax, 0) + ln(1 + e^(−|ax|)), over a
    case .softplus: return ((a * x < 0 ? 0 : a * x) + T.log1p(T.exp(-abs(a * x)))) / a
    case .power: return T.pow(x, a)
    case .clamp: return x < a ? a : x > b ? b : x
    }
  }

  private static func derivative<T: ReferenceScalar>(_ f: ParametricFunction, _ x: T) -> T {
    let (a, b) = (T(f.a), T(f.b))
    switch f.operation {
    case .leakyReLU: return x <= 0 ? a : 1
    case .elu: return x <= 0 ? a * T.exp(x) : 1
    case .softplus: return 1 / (1 + T.exp(-a * x))
    case .power: return a == 0 ? 0 : a * T.pow(x, a - 1)
    case .clamp: return x < a || x > b ? 0 : 1
    }
  }

  /// a where the mask is not 0, b elsewhere.
  @specialized(where T == Double)
  package static func select<T: ReferenceScalar>(_ mask: [T], _ a: [T], _ b: [T]) -> [T] {
    var c = b
    for i in mask.indices where mask[i] != 0 { c[i] = a[i] }
    return c
  }
}
