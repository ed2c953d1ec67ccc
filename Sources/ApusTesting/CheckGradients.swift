// The tape's gradients beside central finite differences: of a function's inputs, or of a module's parameters.
// Read first: FiniteDifferences.swift. Read next: GradientReport.swift.

public import ApusTensor

/// Compares the tape's gradients of a function with central finite differences.
///
/// The function's result y is weighed with a random cotangent c; then for every input, d(Σ c·y) is taken along random unit
/// directions, and for small inputs along every coordinate, once by the tape and once by moving the input. Besides, the
/// recorded value must be the unrecorded one, and the gradient of an input must not depend on which other inputs are tracked.
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
///   - function: from tensors of the inputs' shapes to a tensor of any shape. It is called in training mode, and its
///     randomness (dropout) starts from the same seed every time.
///   - inputs: where to differentiate, away from kinks.
///   - name: what is checked, for the report.
///   - options: how many derivatives are compared, and how exactly.
/// - Returns: every derivative that is wrong. A check that could not see anything has `largestDerivative` 0.
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
    // Operations leave out what nobody asks for; what is left must be the same.
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

/// Compares the tape's gradients of a loss with central finite differences, for every parameter: the check for modules.
///
/// ```swift
/// let weight = Variable(Samples.normal([2, 3]))
/// let x = Samples.normal([4, 3], seed: 2)
/// let report = checkGradients(ofParameters: [("weight", weight)]) { linear(x, weight: weight.value).tanh() }
/// precondition(report.passed, report.description)
/// ```
///
/// - Parameters:
///   - parameters: what the loss reads. They are moved during the check and put back.
///   - name: what is checked, for the report.
///   - options: how many derivatives are compared, and how exactly.
///   - loss: computes a tensor of any shape from the parameters' values; called in training mode, with randomness from
///     the same seed every time.
/// - Returns: every derivative that is wrong.
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
    // No gradient means: the loss does not depend on it. The finite differences must agree.
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
  /// How far rounding of the function's values may move a difference quotient.
  private var noise = 0.0

  init(name: String, options: GradientCheckOptions) {
    report = GradientReport(name: name)
    self.options = options
  }

  /// The function's value as the tape sees it (training mode, the same randomness), but unrecorded.
  func evaluate(_ function: () -> Tensor) -> Tensor {
    withoutRecording { withTrainingMode { withSeed(options.seed, function) } }
  }

  /// A random gradient to come from above.
  mutating func cotangent(_ value: Tensor) -> Tensor {
    let cotangent = Samples.normal(value.shape, seed: options.seed &+ 0xC07A)
    weights = cotangent.scalars
    // Values are rounded to 24 bits, independently; a function's inner sums cost a few roundings more.
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

  /// Compares all derivatives by one input; whether they agree.
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
    // A derivative near 0 is a sum that cancels: it is as exact as its terms, not as itself.
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
