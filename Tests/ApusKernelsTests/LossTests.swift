// Log-softmax, cross-entropy and losses between two tensors, forward and backward, against the twins.
// Read first: KernelTests.swift, SoftmaxTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// Logits of [−10, 10), whose differences are rounded to 2⁻²⁰, as in SoftmaxTests.
private func logits(_ count: Int) -> [Float] { Reference.numbers(count, seed: 1).map { 10 * $0 } }

extension KernelTests {
  @Suite struct LossTests {
    @Test(arguments: InstructionSet.supported)
    func logSoftmax(_ set: InstructionSet) {
      let kernels = set.kernels
      for (rows, columns) in kernels.rowShapes {
        let x = logits(rows * columns)
        let what = "\(kernels.name) log-softmax of \(rows) × \(columns)"
        let y = result(count: x.count, what) { kernels.logSoftmax(x, $0, rows: rows, columns: columns, $1) }
        // Numbers up to 30, each the sum of two rounded ones, and a logarithm whose argument is off by 20 half ulps.
        expectClose(
          y, Reference.logSoftmax([Double](x), rows: rows, columns: columns), absolute: 80 * roundoff, what)

        let dy = Reference.numbers(x.count, seed: 2)
        let dx = result(count: x.count, what) {
          kernels.logSoftmaxBackward(y, dy, $0, rows: rows, columns: columns, $1)
        }
        let expected = Reference.logSoftmaxBackward([Double](y), [Double](dy), rows: rows, columns: columns)
        // The sum of a row of numbers up to 1, times a probability with a few roundings.
        expectClose(
          dx, expected, relative: 2 * roundoff, absolute: roundoff * (4 * Double(columns).squareRoot() + 8),
          "\(what), backward")
      }
      // A row far from zero, and one with a single element above −∞.
      let x: [Float] = [1e6, 1e6 + 1, -1e6, -.infinity, -.infinity, 3]
      let y = result(count: 6, "far") { kernels.logSoftmax(x, $0, rows: 2, columns: 3, $1) }
      expectClose(
        y, [-1.313_261_687, -0.313_261_687, -2_000_001.313, -.infinity, -.infinity, 0], relative: 1e-6, "far")
    }

    @Test(arguments: InstructionSet.supported)
    func crossEntropyWithClasses(_ set: InstructionSet) {
      for (rows, classes) in set.kernels.rowShapes {
        check(set.kernels, rows, classes, isSoft: false, hasWeights: false, smoothing: 0)
        check(set.kernels, rows, classes, isSoft: false, hasWeights: true, smoothing: 0.25)
      }
      check(set.kernels, 7, 37, isSoft: false, hasWeights: true, smoothing: 0)
      check(set.kernels, 7, 37, isSoft: false, hasWeights: false, smoothing: 1)
    }

    @Test(arguments: InstructionSet.supported)
    func crossEntropyWithProbabilities(_ set: InstructionSet) {
      for (rows, classes) in set.kernels.rowShapes {
        check(set.kernels, rows, classes, isSoft: true, hasWeights: false, smoothing: 0)
        check(set.kernels, rows, classes, isSoft: true, hasWeights: true, smoothing: 0.25)
      }
      check(set.kernels, 7, 37, isSoft: true, hasWeights: true, smoothing: 0)
      check(set.kernels, 7, 37, isSoft: true, hasWeights: false, smoothing: 0.5)
    }

    private func check(
      _ kernels: AnyKernelSet, _ rows: Int, _ classes: Int, isSoft: Bool, hasWeights: Bool, smoothing: Float
    ) {
      let x = logits(rows * classes)
      let targets = (0..<rows).map { row -> Int32 in row % 4 == 1 ? -100 : Int32(row * 7 % classes) }
      let probabilities = Reference.softmax(
        Reference.numbers(rows * classes, seed: 6).map { 3 * $0 }, rows: rows, columns: classes)
      let weights = hasWeights ? Reference.numbers(classes, seed: 5).map { $0 + 1.25 } : nil
      let what =
        "\(kernels.name) cross-entropy of \(rows) × \(classes), probabilities \(isSoft), weights \(hasWeights), \(smoothing)"
      func withArguments(_ body: (CrossEntropyArguments) -> Void) {
        (weights ?? []).withUnsafeBufferPointer { weights in
          x.withUnsafeBufferPointer { x in
            targets.withUnsafeBufferPointer { targets in
              probabilities.withUnsafeBufferPointer { probabilities in
                guard let x = x.baseAddress else { return }
                body(
                  CrossEntropyArguments(
                    logits: x, rows: rows, classes: classes, targets: isSoft ? nil : targets.baseAddress,
                    probabilities: isSoft ? probabilities.baseAddress : nil,
                    weights: hasWeights ? weights.baseAddress : nil, smoothing: smoothing))
              }
            }
          }
        }
      }
      let rowOfNaN = [Float](repeating: .nan, count: rows)
      let outputs = results(into: [rowOfNaN, rowOfNaN], what) { y, schedule in
        withArguments { kernels.crossEntropy($0, losses: y[0], logSumExp: y[1], schedule) }
      }
      let q: [Double] =
        isSoft
        ? probabilities.map { (1 - Double(smoothing)) * Double($0) + Double(smoothing) / Double(classes) }
        : Reference.distributions(of: targets, ignoring: -100, classes: classes, smoothing: Double(smoothing))
      let doubleWeights = weights.map { [Double]($0) }
      let expected = Reference.crossEntropy([Double](x), q, weights: doubleWeights, classes: classes)
      // Numbers slightly above 20, rounded a few times, and sums of them with weights up to 2.25.
      expectClose(outputs[1], expected.logSumExp, absolute: 60 * roundoff, "\(what), sums")
      expectClose(
        outputs[0], expected.losses, relative: 8 * roundoff, absolute: (hasWeights ? 160 : 70) * roundoff,
        "\(what), losses")

      for hasScalePerRow in [false, true] {
        let scales = Reference.numbers(max(1, hasScalePerRow ? rows : 1), seed: 3)
        let dx = result(count: x.count, what) { dx, schedule in
          withArguments {
            kernels.crossEntropyBackward(
              $0, logSumExp: outputs[1], scales: RowScales(scales, hasOneForEach: hasScalePerRow), dx, schedule)
          }
        }
        let all = hasScalePerRow ? scales : [Float](repeating: scales[0], count: rows)
        let gradient = Reference.crossEntropyBackward(
          [Double](x), q, weights: doubleWeights, scales: [Double](all), classes: classes)
        // A probability minus the target's: the errors are those of the two terms, not of the difference.
        let softmax = Reference.softmax([Double](x), rows: rows, columns: classes)
        let magnitudes = softmax.indices.map { 2.25 * (softmax[$0] + q[$0]) }
        expectClose(
          dx, gradient, relative: 90 * roundoff, absolute: 2 * roundoff, magnitudes: magnitudes,
          "\(what), backward, \(hasScalePerRow)")
      }
    }

    private static let pairwise: [PairwiseLoss] = [
      .init(.squared), .init(.absolute), .init(.smoothAbsolute, 1), .init(.smoothAbsolute, 0.3),
      .init(.smoothAbsolute, 0), .init(.huber, 1), .init(.huber, 0.4), .init(.binaryCrossEntropy), .init(.divergence),
      .init(.logDivergence),
    ]

    /// Predictions of both signs, or probabilities and their logarithms for the losses that need them, with zeros among them.
    private func operands(_ loss: PairwiseLoss, _ count: Int) -> (x: [Float], t: [Float]) {
      let (x, t) = (Reference.numbers(count, seed: 1), Reference.numbers(count, seed: 2))
      switch loss.operation {
      case .binaryCrossEntropy: return (x.map { 8 * $0 }, t.map { $0 < -0.5 ? 0 : $0 > 0.5 ? 1 : $0 + 0.5 })
      case .divergence: return (x.map { 2 * $0 - 2 }, t.map { $0 < -0.5 ? 0 : $0 + 0.5 })
      case .logDivergence: return (x.map { 2 * $0 - 2 }, t.map { 2 * $0 - 2 })
      default: return (x, t)
      }
    }

    /// The sums of the terms' magnitudes, to which errors are relative where terms of either sign are added.
    private func size(_ loss: PairwiseLoss, _ x: Float, _ t: Float, isSlope: Bool) -> Double {
      let (x, t) = (Double(x), Double(t))
      switch loss.operation {
      case .squared, .absolute, .smoothAbsolute, .huber: return 0
      case .binaryCrossEntropy: return isSlope ? 1 : abs(x)
      case .divergence: return t == 0 ? 0 : (isSlope ? 1 : t) * (1 + abs(x) - Double.log(t))
      case .logDivergence: return Double.exp(t) * (1 + abs(x) + abs(t))
      }
    }

    @Test(arguments: InstructionSet.supported)
    func lossesOfPairs(_ set: InstructionSet) {
      let kernels = set.kernels
      for loss in Self.pairwise {
        for count in set.kernels.countsAroundEdges {
          let (x, t) = operands(loss, count)
          let what = "\(set) \(loss) of \(count)"
          let expected = Reference.pairwiseLoss(loss, [Double](x), [Double](t))
          let y = result(count: count, what) { kernels.pairwiseLoss(loss, x, t, $0, count: count, $1) }
          let magnitudes = x.indices.map { abs(expected[$0]) + size(loss, x[$0], t[$0], isSlope: false) }
          expectClose(y, expected, relative: 6 * roundoff, magnitudes: magnitudes, what)

          // The bits are the same for any number of workers. The terms are rounded, and summed in blocks of 16,384.
          let sums = schedules.map { kernels.pairwiseLossSum(loss, x, t, count: count, $0.schedule) }
          #expect(Set(sums).count == 1, "\(what): sums \(sums)")
          let exact = expected.reduce(0, +)
          #expect(
            abs(sums[0] - exact) <= 24 * roundoff * magnitudes.reduce(0, +), "\(what): sum \(sums[0]), not \(exact)")

          for (isOfTarget, hasEach) in [(false, false), (false, true), (true, false), (true, true)] {
            let scales = Reference.numbers(max(1, hasEach ? count : 1), seed: 3)
            let dx = result(count: count, what) {
              kernels.pairwiseLossBackward(
                loss, isOfTarget: isOfTarget, x, t, scales: RowScales(scales, hasOneForEach: hasEach), $0, count: count,
                $1)
            }
            let all = hasEach ? Array(scales.prefix(count)) : [Float](repeating: scales[0], count: count)
            let slopes = Reference.pairwiseLossBackward(
              loss, isOfTarget: isOfTarget, [Double](x), [Double](t), scales: [Double](all))
            let sizes = x.indices.map {
              abs(slopes[$0]) + abs(Double(all[$0])) * size(loss, x[$0], t[$0], isSlope: true)
            }
            expectClose(
              dx, slopes, relative: 6 * roundoff, magnitudes: sizes, "\(what), of the target \(isOfTarget), \(hasEach)")
          }
        }
      }
    }

    /// Logits whose exponentials overflow, and distances at the end of the quadratic part.
    @Test(arguments: InstructionSet.supported)
    func extremes(_ set: InstructionSet) {
      let kernels = set.kernels
      func losses(_ loss: PairwiseLoss, _ x: [Float], _ t: [Float]) -> [Float] {
        result(count: x.count, "extremes") { kernels.pairwiseLoss(loss, x, t, $0, count: x.count, $1) }
      }
      #expect(losses(.init(.binaryCrossEntropy), [1e4, -1e4, 1e4, -1e4], [1, 0, 0, 1]) == [0, 0, 1e4, 1e4])
      #expect(losses(.init(.huber, 2), [2, -2, 3, 0], [0, 0, 0, 0]) == [2, 2, 4, 0])
      #expect(losses(.init(.smoothAbsolute, 2), [2, -2, 1, 3], [0, 0, 0, 0]) == [1, 1, 0.25, 2])
      #expect(losses(.init(.divergence), [-.infinity, -1, 0], [0, 0, 1]) == [0, 0, 0])
    }
  }
}
