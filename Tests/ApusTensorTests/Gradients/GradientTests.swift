// Every row of the gradient table against finite differences, and the checker against functions known to be wrong.
// Read first: GradientTable.swift. Read next: GradientCoverageTests.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct GradientTests {
  @Test(arguments: GradientTable.rows)
  func tapeAgreesWithFiniteDifferences(row: GradientRow) {
    let report = row.gradientCase.check()
    #expect(report.passed, "\(report)")
    // A check of derivatives that are all 0 would accept any formula that gives zeros.
    #expect(row.isFlat || report.largestDerivative > 1e-3, "\(row.testDescription): all derivatives are 0")
  }

  @Test func largestAndSmallestShareTheirGradientWhereTheyAreEqual() {
    let (a, b) = (Tensor([1, 2, 3]), Tensor([1, 3, 2]))
    for function in [maximum, minimum] {
      let (_, pullback) = valueWithPullback(at: [a, b]) { function($0[0], $0[1]) }
      let gradients = pullback(.ones([3]))
      #expect(gradients[0].scalars[0] == 0.5 && gradients[1].scalars[0] == 0.5)
      #expect((gradients[0] + gradients[1]) == .ones([3]))
    }
  }

  @Test func extremaAlongAnAxisGiveTheGradientToTheFirstOfEqualOnes() {
    let x = Tensor([2, 5, 5, 1, 1, 1], shape: [2, 3])
    #expect(gradient(at: x) { $0.max(along: 1).sum() } == Tensor([0, 1, 0, 1, 0, 0], shape: [2, 3]))
    #expect(gradient(at: x) { $0.min(along: 0).sum() } == Tensor([0, 0, 0, 1, 1, 1], shape: [2, 3]))
  }

  @Test func kinksHaveDerivativeZero() {
    #expect(gradient(at: Tensor([0])) { $0.relu().sum() } == Tensor([0]))
    #expect(gradient(at: Tensor([0])) { $0.absoluteValue().sum() } == Tensor([0]))
  }

  @Test func signIsAConstant() {
    #expect(Tensor([-2, 0, 3]).sign() == Tensor([-1, 0, 1]))
    #expect(gradient(at: Tensor([-2, 0.5, 3])) { ($0.sign() * $0).sum() } == Tensor([-1, 1, 1]))
  }

  @Test func paddingRowsGetNoGradient() {
    // The row is read like any other, so finite differences would not be 0: the gradient deliberately omits the row.
    let table = Samples.normal([4, 2])
    let (value, pullback) = valueWithPullback(at: [table]) { $0[0].gathering([0, 2, 0, 3, 2], padding: 2) }
    #expect(value.slice(1..<2) == table.slice(2..<3))
    let gradient = pullback(.ones([5, 2]))[0]
    #expect(gradient == Tensor([2, 2, 0, 0, 0, 0, 1, 1], shape: [4, 2]))
  }
}
