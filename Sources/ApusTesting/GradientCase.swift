// Gradient checks as values, which form the rows of a gradient table, and the options of a check.
// Read next: CheckGradients.swift, which runs them; Samples.swift for inputs.

public import ApusTensor

/// A differentiable function with inputs to check it at: one row of a gradient table.
///
/// ```swift
/// let row = GradientCase("softmax of rows", at: [Samples.normal([2, 5])]) { $0[0].softmax() }
/// let report = row.check()
/// precondition(report.passed, report.description)
/// ```
public struct GradientCase: Sendable {
  /// The name of the case in reports.
  public let name: String
  /// The point at which the function is differentiated, with respect to every input.
  public let inputs: [Tensor]
  /// The number of derivatives to compare, and the tolerances.
  public let options: GradientCheckOptions
  /// The function, which maps the inputs to a tensor of any shape.
  public let function: @Sendable ([Tensor]) -> Tensor

  /// Creates a case.
  ///
  /// - Parameters:
  ///   - name: the name of the case in reports.
  ///   - inputs: the point at which to differentiate, away from kinks such as ReLU's at 0.
  ///   - options: the number of derivatives to compare, and the tolerances.
  ///   - function: maps tensors of the inputs' shapes to a tensor of any shape. Its random numbers (dropout) start from
  ///     the same seed at every call.
  public init(
    _ name: String, at inputs: [Tensor], options: GradientCheckOptions = .init(),
    _ function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.inputs = inputs
    self.options = options
    self.function = function
  }

  /// Compares the tape's gradients with central finite differences, for every input.
  public func check() -> GradientReport {
    checkGradients(of: function, at: inputs, named: name, options: options)
  }
}

extension GradientCase: CustomStringConvertible {
  public var description: String { name }
}

/// The number of derivatives that `checkGradients` compares, and the tolerances.
///
/// The defaults suit float32 functions whose values and derivatives are around 1. A central difference over ±h has a
/// truncation error of h²/6 · f‴ ≈ 2·10⁻⁵ and a rounding error, that of f divided by h, of about 10⁻⁵. Both are two
/// orders of magnitude below the tolerance, which in turn is far below the error of a wrong formula.
public struct GradientCheckOptions: Sendable {
  /// The seed of directions, cotangents, and random numbers inside the function.
  public var seed: UInt64
  /// h, the distance by which the input is moved to either side along a unit vector.
  public var step: Float
  /// The number of random unit directions for every input.
  public var directions: Int
  /// Inputs with at most this many elements are also moved along every coordinate.
  public var coordinateLimit: Int
  /// The tolerance for the difference of the two derivatives, relative to the largest of their absolute values and the
  /// root mean square of the input's gradient.
  public var relativeTolerance: Double
  /// The absolute tolerance. An allowance for the rounding of the function's values is added to it.
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
