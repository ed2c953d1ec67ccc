// One step of every optimizer's rule over many parameters, against the twins. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct OptimizerTests {
    typealias Twin = Reference.OptimizerState<Double>

    /// A rule with its coefficients and the arrays of state that it keeps.
    struct Rule: CustomStringConvertible, Sendable {
      var description: String
      /// Which of the three arrays of state the rule keeps.
      var hasState: [Bool]
      var kernel: @Sendable (AnyKernelSet, OptimizerSegments, StepArguments, Schedule) -> Void
      var twin: @Sendable (inout Twin, [Double], StepArguments) -> Void

      static let all =
        [
          descent("descent", hasVelocity: false, DescentArguments(rate: 0.05)),
          descent("momentum", DescentArguments(rate: 0.05, keep: 0.9, take: 0.7)),
          descent("Nesterov", DescentArguments(rate: 0.05, keep: 0.9, lookAhead: 0.9)),
          moments("Adam", MomentArguments(beta1: 0.9, beta2: 0.999, meanRate: 0.05, rootScale: 1.1, epsilon: 1e-8)),
          moments(
            "AMSGrad", keepsLargest: true,
            MomentArguments(beta1: 0.9, beta2: 0.8, meanRate: 0.05, rootScale: 1.1, epsilon: 1e-8)),
          moments(
            "NAdam",
            MomentArguments(
              beta1: 0.9, beta2: 0.999, meanRate: 0.05, gradientRate: 0.02, rootScale: 1.1, epsilon: 1e-8)),
          moments(
            "RAdam without a root", MomentArguments(beta1: 0.9, beta2: 0.9, meanRate: 0.05, rootScale: 0, epsilon: 1)),
        ] + [largestMoment, adaptiveDelta]
        + [(false, false), (true, false), (false, true), (true, true)].map { rootMeanSquare($0, $1) }

      private static func descent(_ name: String, hasVelocity: Bool = true, _ p: DescentArguments) -> Rule {
        Rule(
          description: name, hasState: [hasVelocity, false, false], kernel: { $0.gradientDescentStep($1, $2, p, $3) },
          twin: { Reference.gradientDescentStep(&$0, gradient: $1, $2, p) })
      }

      private static func moments(_ name: String, keepsLargest: Bool = false, _ p: MomentArguments) -> Rule {
        Rule(
          description: name, hasState: [true, true, keepsLargest], kernel: { $0.momentStep($1, $2, p, $3) },
          twin: { Reference.momentStep(&$0, gradient: $1, $2, p) })
      }

      private static var largestMoment: Rule {
        let p = LargestMomentArguments(rate: 0.05, beta1: 0.9, beta2: 0.7, epsilon: 1e-8)
        return Rule(
          description: "Adamax", hasState: [true, true, false], kernel: { $0.largestMomentStep($1, $2, p, $3) },
          twin: { Reference.largestMomentStep(&$0, gradient: $1, $2, p) })
      }

      private static func rootMeanSquare(_ isCentered: Bool, _ hasVelocity: Bool) -> Rule {
        let p = RootMeanSquareArguments(rate: 0.05, keep: 0.9, take: 0.1, epsilon: 1e-6, momentum: 0.8)
        return Rule(
          description: "RMSprop, centered \(isCentered), velocity \(hasVelocity)",
          hasState: [true, isCentered, hasVelocity], kernel: { $0.rootMeanSquareStep($1, $2, p, $3) },
          twin: { Reference.rootMeanSquareStep(&$0, gradient: $1, $2, p) })
      }

      private static var adaptiveDelta: Rule {
        let p = AdaptiveDeltaArguments(rate: 0.05, rho: 0.9, epsilon: 1e-6)
        return Rule(
          description: "Adadelta", hasState: [true, true, false], kernel: { $0.adaptiveDeltaStep($1, $2, p, $3) },
          twin: { Reference.adaptiveDeltaStep(&$0, gradient: $1, $2, p) })
      }
    }

    private static let steps = [
      StepArguments(learningRate: 0.1),
      StepArguments(learningRate: 0.1, weightDecay: 0.1, gradientScale: 0.3),
      StepArguments(learningRate: 0.1, weightDecay: 0.1, isDecoupled: true, gradientScale: -1),
    ]

    @Test(arguments: InstructionSet.supported, Rule.all)
    func step(_ set: InstructionSet, _ rule: Rule) {
      let lanes = set.kernels.laneCount
      // Many small parameters in one tile, some of them empty, with every kind of weight decay.
      for step in Self.steps {
        check(set.kernels, rule, step, counts: [0, 1, lanes - 1, lanes, lanes + 1, 0, 4 * lanes + 3])
      }
      // Tiles that end inside a parameter or at its end.
      check(set.kernels, rule, Self.steps[1], counts: [8_191, 3, 10_011, 1, 0])
      check(set.kernels, rule, Self.steps[0], counts: [8_192])
      check(set.kernels, rule, Self.steps[0], counts: [])
    }

    private func check(_ kernels: AnyKernelSet, _ rule: Rule, _ step: StepArguments, counts: [Int]) {
      let gradients = counts.enumerated().map { Reference.numbers($1, seed: UInt64($0)) }
      // The parameter and three states of the first segment, then those of the second, and so on. States that are squares are
      // from 0.25 to 1.25, so that no divisor is tiny; the others are small, so that variances are positive.
      let initial = counts.enumerated().flatMap { index, count -> [[Float]] in
        let all = (0..<4).map { Reference.numbers(count, seed: UInt64(100 + 4 * index + $0)) }
        let positive = all[2].map { 0.75 + 0.5 * $0 }
        let small = all[3].map { 0.3 * $0 }
        switch rule.description {
        case let name where name.hasPrefix("RMSprop"): return [all[0], positive, small, all[1]]
        case "Adadelta": return [all[0], positive, all[1].map { 0.75 + 0.5 * $0 }, small]
        default: return [all[0], all[1], positive, all[3].map { 0.75 + 0.5 * $0 }]
        }
      }
      let stored = gradients.map { Guarded($0) }
      let what = "\(kernels.name) \(rule), \(step), \(counts)"
      let outputs = withExtendedLifetime(stored) {
        results(into: initial, what) { outputs, schedule in
          let segments = counts.indices.map { i in
            let state = (0..<3).map { rule.hasState[$0] ? outputs[4 * i + 1 + $0] : nil }
            return OptimizerSegment(
              parameter: outputs[4 * i], gradient: stored[i].pointer, state: (state[0], state[1], state[2]),
              count: counts[i])
          }
          segments.withUnsafeBufferPointer { rule.kernel(kernels, $0, step, schedule) }
        }
      }
      for i in counts.indices {
        let values = initial[4 * i..<4 * i + 4].map { [Double]($0) }
        var twin = Twin(
          parameter: values[0], state: (0..<3).map { rule.hasState[$0] ? values[$0 + 1] : nil })
        rule.twin(&twin, [Double](gradients[i]), step)
        // Numbers up to 1.1 from a few operations. A velocity contains a quotient up to 3, which a step multiplies by 0.05.
        expectClose(outputs[4 * i], twin.parameter, absolute: 8 * roundoff, "\(what), parameter \(i)")
        for slot in 0..<3 {
          expectClose(
            outputs[4 * i + 1 + slot], twin.state[slot] ?? values[slot + 1], absolute: 30 * roundoff,
            "\(what), state \(slot) of parameter \(i)")
        }
      }
    }

    /// The first step of Adam from zero moments moves every parameter by the learning rate, against its gradient.
    @Test(arguments: InstructionSet.supported)
    func firstStep(_ set: InstructionSet) {
      let arguments = MomentArguments(
        beta1: 0.9, beta2: 0.999, meanRate: 0.01 / (1 - 0.9), rootScale: 1 / (Float(1) - 0.999).squareRoot(),
        epsilon: 0)
      let gradient: [Float] = [3, -0.001, 1e-12, -7e8, 5]
      let zeros = [Float](repeating: 0, count: 5)
      let stored = Guarded(gradient)
      let outputs = withExtendedLifetime(stored) {
        results(into: [zeros, zeros, zeros], "first step") { outputs, schedule in
          let segment = OptimizerSegment(
            parameter: outputs[0], gradient: stored.pointer, state: (outputs[1], outputs[2], nil), count: 5)
          withUnsafePointer(to: segment) {
            set.kernels.momentStep(
              UnsafeBufferPointer(start: $0, count: 1), StepArguments(learningRate: 0.01), arguments, schedule)
          }
        }
      }
      expectClose(outputs[0], gradient.map { $0 > 0 ? -0.01 : 0.01 }, relative: 10 * roundoff, "first step")
    }
  }
}
