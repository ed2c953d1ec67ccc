// Losses as operations: consistency of reductions, weights and axes, and messages.
// Read first: ApusTensor/Ops/Losses.swift, Ops/CrossEntropy.swift. Parity with PyTorch: ParityTests.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct LossOperationTests {
  private let x = Samples.normal([2, 3, 4])
  private let targets = IndexTensor([1, 3, -100, 0, 0, 2], shape: [2, 3])

  private func expectClose(_ a: Tensor, _ b: Tensor, sourceLocation: SourceLocation = #_sourceLocation) {
    let comparison = Comparison(a, b, absolute: 1e-6, relativeToLargest: 1e-6)
    #expect(comparison.isClose, "\(comparison)", sourceLocation: sourceLocation)
  }

  @Test func reductionsAreTheSameLosses() {
    let losses = crossEntropy(x, targets, reduction: .none)
    #expect(losses.shape == [2, 3] && losses.scalars[2] == 0)
    expectClose(crossEntropy(x, targets, reduction: .sum), losses.sum())
    expectClose(crossEntropy(x, targets), losses.sum() / 5)
    expectClose(crossEntropy(x, targets, reduction: .batchMean), losses.sum() / 2)
    let (a, b) = (Samples.normal([4, 3]), Samples.normal([4, 3], seed: 2))
    let pairs =
      [
        { meanSquaredError(a, b, reduction: $0) }, { meanAbsoluteError(a, b, reduction: $0) },
        { smoothL1Loss(a, b, beta: 0.5, reduction: $0) }, { huberLoss(a, b, delta: 0.5, reduction: $0) },
        { klDivergence(a, b, logTarget: true, reduction: $0) },
        { binaryCrossEntropyWithLogits(a, b.sigmoid(), reduction: $0) },
        {
          binaryCrossEntropyWithLogits(
            a, b.sigmoid(), weight: b.squared(), posWeight: Tensor([1, 2, 3]), reduction: $0)
        },
      ] as [(LossReduction) -> Tensor]
    for loss in pairs {
      expectClose(loss(.sum), loss(.none).sum())
      expectClose(loss(.mean), loss(.none).mean())
      expectClose(loss(.batchMean), loss(.none).sum() / 4)
    }
    // The default is the mean, as in PyTorch, for the divergence too.
    expectClose(klDivergence(a, b, logTarget: true), klDivergence(a, b, logTarget: true, reduction: .none).mean())
  }

  @Test func classesAlongAnyAxis() {
    let weight = Tensor([1, 0.5, 2, 3])
    let last = crossEntropy(x, targets, weight: weight, labelSmoothing: 0.1, reduction: .none)
    let second = crossEntropy(
      x.permuted([0, 2, 1]), targets, weight: weight, labelSmoothing: 0.1, along: 1, reduction: .none)
    #expect(last == second)
    expectClose(
      negativeLogLikelihood(x.permuted([2, 0, 1]).logSoftmax(along: 0), targets, weight: weight, along: 0),
      crossEntropy(x, targets, weight: weight))
  }

  @Test func classesAreProbabilitiesOfOne() {
    let weight = Tensor([1, 0.5, 2, 3])
    let classes = IndexTensor([1, 3, 2, 0, 0, 2], shape: [2, 3])
    var oneHot = [Float](repeating: 0, count: 24)
    for (row, target) in classes.indices.enumerated() { oneHot[row * 4 + Int(target)] = 1 }
    let probabilities = Tensor(oneHot, shape: [2, 3, 4])
    expectClose(
      crossEntropy(x, probabilities, weight: weight, labelSmoothing: 0.2, reduction: .none),
      crossEntropy(x, classes, weight: weight, labelSmoothing: 0.2, reduction: .none))
    expectClose(crossEntropy(x, probabilities), crossEntropy(x, classes))
  }

  @Test func positiveWeightsCountPositivesAgain() {
    let (a, t) = (Tensor([-3, 2, 50, -50]), Tensor([1, 0, 0, 1]))
    let losses = binaryCrossEntropyWithLogits(a, t, posWeight: Tensor(3), reduction: .none)
    expectClose(losses, Tensor([3 * 3.048_587_4, 2.126_928, 50, 150]))
  }

  @Test func logSoftmaxIsTheLogarithmOfSoftmax() {
    for axis in 0..<3 { expectClose(x.logSoftmax(along: axis).exp(), x.softmax(along: axis)) }
  }

  @Test func lossesOfShapesThatDoNotFit() async throws {
    let pair = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = huberLoss(.zeros([2, 3]), .zeros([3, 2]))
    }
    #expect(try message(pair).contains("huberLoss: prediction [2, 3], target [3, 2] (expected equal shapes)"))
    let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.zeros([2, 3]), [0, 1], weight: .ones([2]))
    }
    #expect(try message(weights).contains("crossEntropy: class weights [2] for 3 classes (expected [3])"))
  }

  private func message(_ result: ExitTest.Result?) throws -> String {
    String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
  }
}
