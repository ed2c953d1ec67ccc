// The code of the tour's chapters on autograd, operations and training does what they say.
// Read first: ExamplesTests.swift, TourTests.swift.

import Apus
import ApusTesting
import Foundation
import Testing

@Suite struct TourTrainingTests {
  @Test func theTinyTapeKnowsItsDerivatives() {
    let result = tinyTapeExample()
    #expect(abs(result.value - (6 + exp(4))) < 1e-9)
    #expect(abs(result.dx - (3 + 4 * exp(4))) < 1e-9 && result.dy == 2)
  }

  @Test func tapesGiveWhatTheChapterSays() {
    let result = tapeExamples()
    // 2x²w and 2w²x; the first row of diag(w·eʷˣ); the mean over the halves; the result without rematerialization.
    #expect(result.gradient == Tensor([400, 2_400]))
    #expect(result.slopes == [Tensor([80, 360])])
    #expect(result.jacobianRow[scalarAt: 1] == 0)
    #expect(abs(result.jacobianRow[scalarAt: 0] / (2 * exp(20)) - 1) < 1e-5)
    #expect(result.halves == Tensor([200, 1_200]))
    let kept = gradient(at: Tensor([2, 3])) { x in
      var y = x
      for _ in 0..<100 { y = (y.sigmoid() * y).tanh() + y }
      return y.sum()
    }
    #expect(result.deep == kept)
  }

  @Test func theChecksSeeWhatIsWrong() {
    let reports = operationExamples()
    #expect(reports.logCosh.passed && reports.distances.passed, "\(reports)")
    #expect(!reports.wrong.passed)
  }

  @Test func logCoshDoesNotOverflow() {
    let values = logCosh(Tensor([-1_000, -0.5, 0, 0.5, 1_000])).scalars
    let expected: [Float] = [1_000 - log(2), log(cosh(0.5)), 0, log(cosh(0.5)), 1_000 - log(2)]
    #expect(zip(values, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func distancesAreDistances() {
    let a = Tensor([0, 0, 3, 4], shape: [2, 2])
    let b = Tensor([0, 0, 1, 0, 0, -2], shape: [3, 2])
    let expected: [Float] = [0, 1, 4, 25, 20, 45]
    #expect(zip(squaredDistances(a, b).scalars, expected).allSatisfy { abs($0 - $1) < 1e-4 })
  }

  @Test func xorNeedsAHiddenLayer() {
    let result = xorExample()
    #expect(abs(result.linear - log(2)) < 1e-3 && result.hidden < 0.01, "\(result)")
    #expect(result.answers == [0, 1, 1, 0])
  }

  @Test func descentShrinksByAFactor() {
    #expect(abs(descentExample()[0] - 1 - 2 * pow(0.8, 20)) < 1e-5)
  }
}
