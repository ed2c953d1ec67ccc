// One step of Adam, AdamW and AMSGrad over many parameters against the twin. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct AdamTests {
    /// A case of the hyperparameters that change what is computed.
    struct Variant: CustomStringConvertible, Sendable {
      var isDecoupled: Bool
      var weightDecay: Float
      var isAMSGrad: Bool
      var gradientScale: Float

      var description: String {
        "decoupled \(isDecoupled), decay \(weightDecay), AMSGrad \(isAMSGrad), gradients × \(gradientScale)"
      }

      static let all = [false, true].flatMap { isDecoupled in
        [
          Variant(isDecoupled: isDecoupled, weightDecay: 0, isAMSGrad: false, gradientScale: 1),
          Variant(isDecoupled: isDecoupled, weightDecay: 0.1, isAMSGrad: false, gradientScale: 0.3),
          Variant(isDecoupled: isDecoupled, weightDecay: 0.1, isAMSGrad: true, gradientScale: 1),
        ]
      }
    }

    @Test(arguments: InstructionSet.supported, Variant.all)
    func step(_ set: InstructionSet, _ variant: Variant) {
      let kernels = set.kernels
      let lanes = kernels.laneCount
      // Many small parameters in one tile, tiles that end inside one, empty ones.
      check(kernels, variant, counts: [0, 1, lanes - 1, lanes, lanes + 1, 0, 4 * lanes + 3])
      check(kernels, variant, counts: [8_191, 3, 20_011, 1, 0])
      check(kernels, variant, counts: [8_192])
      check(kernels, variant, counts: [])
      check(kernels, variant, counts: [0])
    }

    private func check(_ kernels: KernelTable, _ variant: Variant, counts: [Int]) {
      let arguments = AdamArguments(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: variant.weightDecay,
        isDecoupled: variant.isDecoupled, correction1: 0.271, correction2: 0.003,
        gradientScale: variant.gradientScale)
      let gradients = counts.enumerated().map { Reference.numbers($1, seed: UInt64($0)) }
      // In order: parameter, moments and largest second moment of the first segment, of the second, …
      let initial = counts.enumerated().flatMap { index, count -> [[Float]] in
        let seed = UInt64(100 + 4 * index)
        let squares = (2...3).map { Reference.unary(.square, Reference.numbers(count, seed: seed + $0)) }
        return [Reference.numbers(count, seed: seed), Reference.numbers(count, seed: seed + 1)] + squares
      }
      let stored = gradients.map { Guarded($0) }
      let what = "\(kernels.name) \(counts), \(variant)"
      let outputs = withExtendedLifetime(stored) {
        results(into: initial, what) { outputs, schedule in
          let segments = counts.indices.map { i in
            AdamSegment(
              parameter: outputs[4 * i], gradient: stored[i].pointer, firstMoment: outputs[4 * i + 1],
              secondMoment: outputs[4 * i + 2], largestSecondMoment: variant.isAMSGrad ? outputs[4 * i + 3] : nil,
              count: counts[i])
          }
          segments.withUnsafeBufferPointer { kernels.adamStep($0, arguments, schedule) }
        }
      }
      for i in counts.indices {
        let values = initial[4 * i..<4 * i + 4].map { [Double]($0) }
        var state = Reference.AdamState(
          parameter: values[0], firstMoment: values[1], secondMoment: values[2],
          largestSecondMoment: variant.isAMSGrad ? values[3] : nil)
        Reference.adamStep(&state, gradient: [Double](gradients[i]), arguments)
        // The moments are sums of two products of numbers below 1.1.
        expectClose(outputs[4 * i + 1], state.firstMoment, absolute: 5 * roundoff, "\(what), first moment")
        // A gradient of two parts may cancel: its square, at most 1.5 and times 0.001, keeps their rounding error.
        expectClose(
          outputs[4 * i + 2], state.secondMoment, relative: 5 * roundoff, absolute: 0.003 * roundoff,
          "\(what), second moment")
        expectClose(
          outputs[4 * i + 3], state.largestSecondMoment ?? values[3], relative: 5 * roundoff, "\(what), largest")
        // The parameter and its update, which may be much larger where the second moment is small.
        let magnitudes = state.parameter.indices.map { j in
          3 * abs(values[0][j]) + 12 * abs(state.parameter[j] - values[0][j]) + 16 * update(state, j)
        }
        expectClose(
          outputs[4 * i], state.parameter, relative: roundoff, magnitudes: magnitudes, "\(what), parameter")
      }
    }

    /// The update that a first moment of 1 would have given: what the first moment's rounding error is multiplied by.
    private func update(_ state: Reference.AdamState<Double>, _ j: Int) -> Double {
      let second = state.largestSecondMoment?[j] ?? state.secondMoment[j]
      return 0.01 / 0.271 / ((second / 0.003).squareRoot() + 1e-8)
    }

    /// The first step from zero moments moves every parameter by the learning rate, against its gradient.
    @Test(arguments: InstructionSet.supported)
    func firstStep(_ set: InstructionSet) {
      let arguments = AdamArguments(
        learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 0, weightDecay: 0, isDecoupled: false,
        correction1: 1 - 0.9, correction2: 1 - 0.999, gradientScale: 1)
      let gradient: [Float] = [3, -0.001, 1e-12, -7e8, 5]
      let zeros = [Float](repeating: 0, count: 5)
      let stored = Guarded(gradient)
      let outputs = withExtendedLifetime(stored) {
        results(into: [zeros, zeros, zeros], "first step") { outputs, schedule in
          let segment = AdamSegment(
            parameter: outputs[0], gradient: stored.pointer, firstMoment: outputs[1], secondMoment: outputs[2], count: 5
          )
          withUnsafePointer(to: segment) {
            set.kernels.adamStep(UnsafeBufferPointer(start: $0, count: 1), arguments, schedule)
          }
        }
      }
      expectClose(outputs[0], gradient.map { $0 > 0 ? -0.01 : 0.01 }, relative: 10 * roundoff, "first step")
    }
  }
}
