// Activation functions. Read next: Linear.swift, which fuses them with a matrix product.

import ApusBase
import ApusKernelTypes

/// An activation function, applied by itself or fused into a linear map.
public enum Activation: String, Sendable, CaseIterable, Codable {
  /// max(x, 0)
  case relu
  /// x·Φ(x) with the cumulative normal distribution Φ (Hendrycks, Gimpel, arXiv:1606.08415)
  case gelu
  /// ½x(1 + tanh(√(2/π)(x + 0.044715x³))): the approximation of GELU that GPT-2 uses
  case geluTanh
  /// x·σ(x), also called swish (Ramachandran et al., arXiv:1710.05941)
  case silu
  /// x·σ(1.702x): the approximation of GELU that CLIP uses (arXiv:1606.08415, section 2)
  case quickGelu
  /// 1/(1 + e⁻ˣ)
  case sigmoid
  /// (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)
  case tanh

  /// The function as a kernel's epilogue and as an operation on tensors.
  private var function: (operation: UnaryOperation, apply: (Tensor) -> Tensor) {
    switch self {
    case .relu: (.relu, { $0.relu() })
    case .gelu: (.gelu, { $0.gelu() })
    case .geluTanh: (.geluTanh, { $0.gelu(approximation: .tanh) })
    case .silu: (.silu, { $0.silu() })
    case .quickGelu: (.quickGelu, { $0.quickGelu() })
    case .sigmoid: (.sigmoid, { $0.sigmoid() })
    case .tanh: (.tanh, { $0.tanh() })
    }
  }

  var operation: UnaryOperation { function.operation }

  /// Applies the activation to every element, [..] → the same shape.
  public func callAsFunction(_ x: Tensor) -> Tensor { function.apply(x) }
}

/// How GELU is computed.
public enum GELUApproximation: Sendable {
  /// Exactly, with the error function.
  case none
  /// Approximately, with a hyperbolic tangent: within 5·10⁻⁴ of the exact value.
  case tanh
}

extension Tensor {
  /// ReLU: max(x, 0); the derivative at 0 is 0.
  public func relu() -> Tensor {
    let x = self
    return mapped(.relu).recorded("relu") { wrt(x) { dy in x.mappedBackward(.relu, dy) } }
  }

  /// Leaky ReLU: x where x > 0, slope · x elsewhere (Maas, Hannun, Ng, ICML 2013).
  public func leakyRelu(slope: Float = 0.01) -> Tensor {
    let x = self
    let function = ParametricFunction(.leakyReLU, slope)
    return mapped(function).recorded("leakyRelu") { wrt(x) { dy in x.mappedBackward(function, dy) } }
  }

  /// ELU: x where x > 0, alpha · (eˣ − 1) elsewhere (Clevert, Unterthiner, Hochreiter, arXiv:1511.07289).
  public func elu(alpha: Float = 1) -> Tensor {
    let x = self
    let function = ParametricFunction(.elu, alpha)
    return mapped(function).recorded("elu") { wrt(x) { dy in x.mappedBackward(function, dy) } }
  }

  /// Softplus: ln(1 + e^(beta · x)) / beta, a smooth ReLU.
  ///
  /// It is computed without overflow, so it needs no threshold above which it becomes linear.
  ///
  /// - Precondition: beta > 0.
  public func softplus(beta: Float = 1) -> Tensor {
    require(beta > 0, "softplus: beta is \(beta) (it must be positive)")
    let x = self
    let function = ParametricFunction(.softplus, beta)
    return mapped(function).recorded("softplus") { wrt(x) { dy in x.mappedBackward(function, dy) } }
  }

  /// GELU: x·Φ(x), or its tanh approximation (Hendrycks, Gimpel, arXiv:1606.08415).
  public func gelu(approximation: GELUApproximation = .none) -> Tensor {
    let x = self
    let operation: UnaryOperation = approximation == .none ? .gelu : .geluTanh
    return mapped(operation).recorded("gelu") { wrt(x) { dy in x.mappedBackward(operation, dy) } }
  }

  /// SiLU, also called swish: x·σ(x).
  public func silu() -> Tensor {
    let x = self
    return mapped(.silu).recorded("silu") { wrt(x) { dy in x.mappedBackward(.silu, dy) } }
  }

  /// QuickGELU: x·σ(1.702x), the approximation of GELU that CLIP uses (Hendrycks, Gimpel, arXiv:1606.08415, section 2).
  public func quickGelu() -> Tensor {
    let x = self
    return mapped(.quickGelu).recorded("quickGelu") { wrt(x) { dy in x.mappedBackward(.quickGelu, dy) } }
  }

  /// The logistic sigmoid: 1/(1 + e⁻ˣ).
  public func sigmoid() -> Tensor {
    let (x, y) = (self, mapped(.sigmoid))
    return y.recorded("sigmoid") { wrt(x) { dy in y.mappedBackward(.sigmoid, dy) } }
  }
}
