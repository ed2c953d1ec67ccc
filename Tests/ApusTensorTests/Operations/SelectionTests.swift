// Comparisons and selection: masks of ones and zeros, NaN, and elements that are not selected.
// Read first: ApusTensor/Ops/Selection.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct SelectionTests {
  private let a = Tensor([1, 2, 3, .nan, -0.0, .infinity])
  private let b = Tensor([2, 2, 2, .nan, 0, .infinity])

  @Test func comparisonsGiveOnesAndZeros() {
    #expect(equal(a, b) == Tensor([0, 1, 0, 0, 1, 1]))
    #expect(notEqual(a, b) == Tensor([1, 0, 1, 1, 0, 0]))
    #expect(less(a, b) == Tensor([1, 0, 0, 0, 0, 0]))
    #expect(lessEqual(a, b) == Tensor([1, 1, 0, 0, 1, 1]))
    #expect(greater(a, b) == Tensor([0, 0, 1, 0, 0, 0]))
    #expect(greaterEqual(a, b) == Tensor([0, 1, 1, 0, 1, 1]))
  }

  @Test func comparisonsWithNumbersAndBroadcasts() {
    #expect(equal(a, 2) == Tensor([0, 1, 0, 0, 0, 0]) && notEqual(a, 2) == Tensor([1, 0, 1, 1, 1, 1]))
    #expect(less(a, 2) == Tensor([1, 0, 0, 0, 1, 0]) && lessEqual(a, 2) == Tensor([1, 1, 0, 0, 1, 0]))
    #expect(greater(a, 2) == Tensor([0, 0, 1, 0, 0, 1]) && greaterEqual(a, 2) == Tensor([0, 1, 1, 0, 0, 1]))
    // A causal mask from positions.
    let positions = Tensor.range(count: 3)
    #expect(
      lessEqual(positions, positions.reshaped(3, 1)) == Tensor([1, 0, 0, 1, 1, 0, 1, 1, 1], shape: [3, 3]))
  }

  @Test func selectionBroadcastsAllThree() {
    let mask = Tensor([1, 0], shape: [2, 1])
    #expect(select(mask, Tensor([1, 2, 3]), 0) == Tensor([1, 2, 3, 0, 0, 0], shape: [2, 3]))
    #expect(select(mask, 7, Tensor([1, 2, 3])) == Tensor([7, 7, 7, 1, 2, 3], shape: [2, 3]))
    #expect(select(Tensor([1, 0, 1]), Tensor(1), Tensor(-1)) == Tensor([1, -1, 1]))
    #expect(select(mask, .ones([1, 2]), .zeros([3, 1, 1])).shape == [3, 2, 2])
    #expect(select(.zeros([0, 3]), Tensor(1), .zeros([3])).shape == [0, 3])
  }

  @Test func whatIsNotSelectedDoesNotMatter() {
    let x = Tensor([0, 4])
    let plain = gradient(at: x) { x in select(greater(x, 0), x.log(), 0).sum() }
    // The derivative of the logarithm at 0 is infinite, so this pattern needs a safe argument, as in PyTorch.
    #expect(plain.scalars[1] == 0.25 && plain.scalars[0].isNaN)
    let safe = gradient(at: x) { x in select(greater(x, 0), select(greater(x, 0), x, 1).log(), 0).sum() }
    #expect(safe == Tensor([0, 0.25]))
    #expect(select(Tensor([0, 1]), Tensor([.nan, 1]), Tensor([2, .nan])) == Tensor([2, 1]))
  }

  @Test func limitsHoldAndLetNaNPass() {
    let x = Tensor([-3, -1, 0, 2, 5, .infinity])
    #expect(x.clamped(min: -1, max: 2) == Tensor([-1, -1, 0, 2, 2, 2]))
    #expect(x.clamped(min: 0) == Tensor([0, 0, 0, 2, 5, .infinity]))
    #expect(x.clamped(max: 0) == Tensor([-3, -1, 0, 0, 0, 0]))
    #expect(Tensor([.nan]).clamped(min: 0, max: 1).scalar.isNaN)
    // The limits themselves count as inside, as in PyTorch.
    #expect(gradient(at: x) { $0.clamped(min: -1, max: 2).sum() } == Tensor([0, 1, 1, 1, 0, 0]))
  }

  @Test func powersAtZero() {
    let x = Tensor([0, 0, 2, 0])
    let y = Tensor([0, 2, 0, 1])
    #expect(x.pow(y) == Tensor([1, 0, 1, 0]))
    let (_, pullback) = valueWithPullback(at: [x, y]) { $0[0].pow($0[1]) }
    let gradients = pullback(.ones([4]))
    #expect(gradients[0] == Tensor([0, 0, 0, 1]))
    #expect(gradients[1].scalars[0] == 0 && gradients[1].scalars[1] == 0 && gradients[1].scalars[3] == 0)
    #expect(abs(gradients[1].scalars[2] - 0.693_147_2) < 1e-6)
    #expect(gradient(at: Tensor([0, 3])) { $0.pow(0).sum() } == Tensor([0, 0]))
  }
}
