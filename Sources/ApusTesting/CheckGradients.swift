// Gradient checks: the tape's gradients against central finite differences, for a function's inputs or a module's
// parameters.
// Read first: FiniteDifferences.swift. Read next: GradientReport.swift.

public import ApusTensor

/// Compares the tape's gradients of a function with central finite differences.
///
/// The function's result y is weighted with a random cotangent c. For every input, the derivative of Σ c·y is computed
/// twice, by the tape and by finite differences: along random unit directions, and for small inputs along every
/// coordinate. In addition, the recorded value must equal the unrecorded one, and the gradient of an input must not
/// depend on which other inputs are tracked.
///
/// Check your own operations like this:
///
/// ```swift
/// import ApusTensor
/// import ApusTesting
///
/// func cube(_ x: Tensor) -> Tensor {
///   let y = x.detached * x.detached * x.detached
///   return y.recorded("cube") {
///     wrt(x) { dy in dy * x.detached * x.detached * 3 }
///   }
/// }
///
/// let report = checkGradients(of: { cube($0[0]) }, at: [Samples.normal([2, 3])])
/// precondition(report.passed, report.description)
/// ```
///
/// - Parameters:
///   - function: maps tensors of the inputs' shapes to a tensor of any shape. It is called in training mode, and its
///     random numbers (dropout) start from the same seed at every call.
///   - inputs: the point at which to differentiate, away from kinks.
///   - name: the name of the check in the report.
///   - options: the number of derivatives to compare, and the tolerances.
/// - Returns: a report of every wrong derivative. If its `largestDerivative` is 0, the check has proved nothing.
/// - Complexity: 2 · (directions + elements of small inputs) calls of the function for every input.
public func checkGradients(
  of function: ([Tensor]) -> Tensor, at inputs: [Tensor], named name: String = "function",
  options: GradientCheckOptions = .init()
) -> GradientReport {
  let inputs = inputs.map(\.detached)
  var checker = Checker(name: name, options: options)
  let value = checker.evaluate { function(inputs) }
  let cotangent = checker.cotangent(value)
  let (recorded, pullback) = withSeed(options.seed) { valueWithPullback(at: inputs, function) }
  checker.compare(recorded: recorded, unrecorded: value)
  let gradients = pullback(cotangent)
  for (index, input) in inputs.enumerated() {
    let gradient = gradients[index]
    let isRight = checker.check("input \(index)", at: input, gradient: gradient) { moved in
      var all = inputs
      all[index] = moved
      return function(all)
    }
    guard inputs.count > 1, isRight else { continue }
    // Operations skip the gradients of untracked inputs; the other gradients must stay the same.
    let alone = withSeed(options.seed) {
      valueWithPullback(at: [input]) { tracked in
        var all = inputs
        all[index] = tracked[0]
        return function(all)
      }
    }
    checker.compare(alone.pullback(cotangent)[0], alone: gradient, input: index)
  }
  return checker.report
}

/// Compares the tape's gradients of a loss with central finite differences for every parameter, such as those of a
/// module.
///
/// ```swift
/// let weight = Variable(Samples.normal([2, 3]))
/// let x = Samples.normal([4, 3], seed: 2)
/// let report = checkGradients(ofParameters: [("weight", weight)]) { linear(x, weight: weight.value).tanh() }
/// precondition(report.passed, report.description)
/// ```
///
/// - Parameters:
///   - parameters: the variables that the loss reads. Their values are changed during the check and restored.
///   - name: the name of the check in the report.
///   - options: the number of derivatives to compare, and the tolerances.
///   - loss: computes a tensor of any shape from the parameters' values. It is called in training mode, and its random
///     numbers start from the same seed at every call.
/// - Returns: a report of every wrong derivative.
public func checkGradients(
  ofParameters parameters: [(name: String, variable: Variable)], named name: String = "loss",
  options: GradientCheckOptions = .init(), loss: () -> Tensor
) -> GradientReport {
  var checker = Checker(name: name, options: options)
  let value = checker.evaluate(loss)
  let cotangent = checker.cotangent(value)
  var recorded = value
  let (_, gradients) = withSeed(options.seed) {
    valueAndGradients {
      let result = loss()
      recorded = result.detached
      return (result * cotangent).sum()
    }
  }
  checker.compare(recorded: recorded, unrecorded: value)
  for (name, variable) in parameters {
    let original = withoutRecording { variable.value }
    // No gradient means that the loss does not depend on the parameter. The finite differences must agree.
    let gradient = gradients[variable] ?? .zeros(original.shape)
    checker.check(name, at: original, gradient: gradient) { moved in
      variable.value = moved
      defer { variable.value = original }
      return loss()
    }
  }
  return checker.report
}

/// One check in progress.
private struct Checker {
  var report: GradientReport
  let options: GradientCheckOptions
  private var weights: [Float] = []
  /// The effect that rounding of the function's values may have on a difference quotient.
  private var noise = 0.0

  init(name: String, options: GradientCheckOptions) {
    report = GradientReport(name: name)
    self.options = options
  }

  /// The function's value in training mode and with the same random numbers as on the tape, but not recorded.
  func evaluate(_ function: () -> Tensor) -> Tensor {
    withoutRecording { withTrainingMode { withSeed(options.seed, function) } }
  }

  /// A random gradient of the function's value.
  mutating func cotangent(_ value: Tensor) -> Tensor {
    let cotangent = Samples.normal(value.shape, seed: options.seed &+ 0xC07A)
    weights = cotangent.scalars
    // Values are rounded to 24 bits, independently; sums inside the function add a few more rounding errors.
    let terms = zip(weights, value.scalars).map { Double($0) * Double($1) }
    let squares = terms.reduce(0) { $0 + $1 * $1 }
    noise = 4 * 0x1p-24 * squares.squareRoot() / Double(options.step)
    return cotangent
  }

  mutating func compare(recorded: Tensor, unrecorded: Tensor) {
    let comparison = Comparison(recorded, unrecorded, absolute: 1e-6, relativeToLargest: 1e-5)
    if !comparison.isClose { report.problems.append("the value changes when it is recorded: \(comparison)") }
  }

  mutating func compare(_ gradient: Tensor, alone together: Tensor, input: Int) {
    let comparison = Comparison(gradient, together, absolute: 1e-6, relativeToLargest: 1e-5)
    if !comparison.isClose {
      report.problems.append("input \(input): the gradient changes when no other input is tracked: \(comparison)")
    }
  }

  /// Compares all derivatives with respect to one input, and returns whether they agree.
  @discardableResult
  mutating func check(_ name: String, at x: Tensor, gradient: Tensor, _ function: (Tensor) -> Tensor) -> Bool {
    guard gradient.shape == x.shape else {
      report.problems.append("\(name): a gradient of shape \(gradient.shape) for an input of shape \(x.shape)")
      return false
    }
    let count = x.elementCount
    guard count > 0 else { return true }
    let failuresBefore = report.failures.count
    let squares = gradient.scalars.reduce(0) { $0 + Double($1) * Double($1) }
    let typical = (squares / Double(count)).squareRoot()
    for number in 0..<options.directions {
      let seed = options.seed &+ 0x9E37 &* UInt64(number + 1)
      let probe = Probe(at: x, along: Samples.unitDirection(x.shape, seed: seed), step: options.step)
      compare(name, .random(number), probe, gradient, typical, function)
    }
    if count <= options.coordinateLimit {
      for position in 0..<count {
        let probe = Probe(at: x, along: .unit(position, of: x.shape), step: options.step)
        compare(name, .coordinate(x.shape.indices(at: position)), probe, gradient, typical, function)
      }
    }
    return report.failures.count == failuresBefore
  }

  private mutating func compare(
    _ name: String, _ direction: GradientReport.Direction, _ probe: Probe, _ gradient: Tensor, _ typical: Double,
    _ function: (Tensor) -> Tensor
  ) {
    let analytic = probe.derivative(from: gradient)
    let (forward, backward) = (evaluate { function(probe.forward) }, evaluate { function(probe.backward) })
    let numeric = probe.quotient(forward, backward, weights: weights)
    // A derivative near 0 is a sum whose terms cancel: its error is relative to the terms, not to the sum.
    let allowed =
      options.relativeTolerance * max(abs(analytic), abs(numeric), typical) + options.absoluteTolerance + noise
    report.checks += 1
    report.largestDerivative = max(report.largestDerivative, abs(numeric))
    // Written so that NaN fails.
    if !(abs(analytic - numeric) <= allowed) {
      report.failures.append(
        GradientReport.Failure(
          input: name, direction: direction, analytic: analytic, numeric: numeric, allowed: allowed))
    }
  }
}

extension Shape {
  /// The index along every axis of the element at a row-major position.
  func indices(at position: Int) -> [Int] {
    var rest = position
    var result = [Int](repeating: 0, count: rank)
    for axis in (0..<rank).reversed() {
      result[axis] = rest % self[axis]
      rest /= self[axis]
    }
    return result
  }
}
