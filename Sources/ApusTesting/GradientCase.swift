// One thing whose gradient is to be checked, and how thoroughly: rows of a gradient table.
// Read next: CheckGradients.swift, which checks them; Samples.swift for inputs.

public import ApusTensor

/// A differentiable function with inputs to check it at: one row of a gradient table.
///
/// ```swift
/// let row = GradientCase("softmax of rows", at: [Samples.normal([2, 5])]) { $0[0].softmax() }
/// let report = row.check()
/// precondition(report.passed, report.description)
/// ```
public struct GradientCase: Sendable {
  /// What the case is called in reports.
  public let name: String
  /// Where the function is differentiated: every input gets a gradient.
  public let inputs: [Tensor]
  /// How many derivatives are compared, and how exactly.
  public let options: GradientCheckOptions
  /// The function: from the inputs to a tensor of any shape.
  public let function: @Sendable ([Tensor]) -> Tensor

  /// - Parameters:
  ///   - name: what the case is called in reports.
  ///   - inputs: where to differentiate, away from kinks such as relu's at 0.
  ///   - options: how many derivatives are compared, and how exactly.
  ///   - function: from tensors of the inputs' shapes to a tensor of any shape. Randomness in it (dropout) is drawn from
  ///     the same seed in every call.
  public init(
    _ name: String, at inputs: [Tensor], options: GradientCheckOptions = .init(),
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.inputs = inputs
    self.options = options
    self.function = function
  }

  /// The tape's gradients beside central finite differences, for every input.
  public func check() -> GradientReport {
    checkGradients(of: function, at: inputs, named: name, options: options)
  }
}

extension GradientCase: CustomStringConvertible {
  public var description: String { name }
}

/// How many derivatives `checkGradients` compares, and how exactly.
///
/// The defaults suit functions of float32 whose values and derivatives are around 1. A central difference over ±h is off
/// by h²/6 · f‴ ≈ 2·10⁻⁵ (the cut Taylor series) and by the rounding of f divided by h, some 10⁻⁵: two orders below the
/// tolerance, which in turn lies far below what a wrong formula makes.
public struct GradientCheckOptions: Sendable {
  /// Determines directions, cotangents, and the randomness inside the function.
  public var seed: UInt64
  /// h: how far the input is moved to either side along a unit vector.
  public var step: Float
  /// How many random unit directions are tried for every input.
  public var directions: Int
  /// Inputs with at most this many elements are also moved along every coordinate.
  public var coordinateLimit: Int
  /// How far analytic and numeric derivative may lie apart, as a fraction of the largest of both and the root mean square
  /// of the input's gradient.
  public var relativeTolerance: Double
  /// How far they may lie apart in any case. The rounding of the function's values is allowed for on top of it.
  public var absoluteTolerance: Double

  public init(
    seed: UInt64 = 1, step: Float = 1e-2, directions: Int = 3, coordinateLimit: Int = 24,
    relativeTolerance: Double = 5e-3, absoluteTolerance: Double = 5e-5
  ) {
    self.seed = seed
    self.step = step
    self.directions = directions
    self.coordinateLimit = coordinateLimit
    self.relativeTolerance = relativeTolerance
    self.absoluteTolerance = absoluteTolerance
  }
}
