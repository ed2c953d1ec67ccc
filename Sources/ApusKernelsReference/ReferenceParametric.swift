// The naive twins of functions with parameters, each beside its derivative, and of selection by a mask.
// Read next: ApusKernelsBaseline/Pointwise/Parametric.swift and Selection.swift, the kernels.

package import ApusKernelTypes

extension Reference {
  /// y = f(x), element by element.
  @specialized(where T == Double)
  package static func parametric<T: ReferenceScalar>(_ f: ParametricFunction, _ x: [T]) -> [T] {
    x.map(function(f).value)
  }

  /// dx = dy · f′(x), element by element.
  @specialized(where T == Double)
  package static func parametricBackward<T: ReferenceScalar>(_ f: ParametricFunction, _ x: [T], _ dy: [T]) -> [T] {
    let derivative: (T) -> T = function(f).derivative
    return zip(x, dy).map { x, dy in dy * derivative(x) }
  }

  /// f and f′
  @specialized(where T == Double)
  private static func function<T: ReferenceScalar>(
    _ f: ParametricFunction
  ) -> (value: (T) -> T, derivative: (T) -> T) {
    let (a, b) = (T(f.a), T(f.b))
    switch f.operation {
    case .leakyReLU: return ({ $0 < 0 ? a * $0 : $0 }, { $0 <= 0 ? a : 1 })
    case .elu: return ({ $0 <= 0 ? a * T.expm1($0) : $0 }, { $0 <= 0 ? a * T.exp($0) : 1 })
    // (max(ax, 0) + ln(1 + e^(−|ax|))) / a
    case .softplus:
      return (
        { ((a * $0 < 0 ? 0 : a * $0) + T.log1p(T.exp(-abs(a * $0)))) / a }, { 1 / (1 + T.exp(-a * $0)) }
      )
    case .power: return ({ T.pow($0, a) }, { a == 0 ? 0 : a * T.pow($0, a - 1) })
    case .clamp: return ({ $0 < a ? a : $0 > b ? b : $0 }, { $0 < a || $0 > b ? 0 : 1 })
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
