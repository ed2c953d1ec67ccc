// Edge cases of operations along axes: empty axes, one element, NaN and infinities, ties, views, long lines.
// Read first: ShapingTests.swift. Values and gradients are compared with PyTorch's in ../Parity.

import ApusTesting
import Foundation
import Testing

@testable import ApusTensor

@Suite struct AxisTests {
  private let x = Samples.normal([3, 4, 5])

  @Test func variancesFarFromZeroKeepTheirDigits() {
    let x = Samples.normal([40, 3]) + 10_000
    // 10,000 + x is rounded to thousandths; no more precision may be lost.
    let exact = (0..<3).map { column -> Float in
      let values = (0..<40).map { Double(x[scalarAt: $0, column]) }
      let mean = values.reduce(0, +) / 40
      return Float(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 39)
    }
    #expect(Comparison(x.variance(along: 0), Tensor(exact), absolute: 1e-5).isClose)
    #expect(Comparison(x.transposed().variance(along: 1), Tensor(exact), absolute: 1e-5).isClose)
  }

  @Test func variancesOfTooLittle() {
    #expect(Tensor([3]).variance().scalar.isNaN && Tensor([3]).variance(correction: 0).scalar == 0)
    #expect(Tensor.zeros([0, 2]).variance(along: 0).scalars.allSatisfy { $0.isNaN })
    #expect(Tensor(4).variance(correction: 0).scalar == 0)
    // The derivative of √v at 0 is taken as 0, as PyTorch does.
    #expect(gradient(at: .ones([4])) { $0.standardDeviation() } == .zeros([4]))
  }

  @Test func logSumExpOfNothing() {
    let hidden = Tensor(repeating: -.infinity, shape: [2, 3])
    #expect(hidden.logSumExp(along: 1) == Tensor([-.infinity, -.infinity]))
    #expect(gradient(at: hidden) { $0.logSumExp(along: 1).sum() } == .zeros([2, 3]))
    #expect(Tensor.zeros([2, 0]).logSumExp(along: 1) == Tensor([-.infinity, -.infinity]))
    #expect(Tensor([.infinity, 1]).logSumExp(along: 0).scalar == .infinity)
    #expect(Tensor([1_000, 1_000]).logSumExp(along: 0).scalar == 1_000 + Float(log(2.0)))
  }

  @Test func extremaShareOrTakeTheGradient() {
    let x = Tensor([2, 5, 5, 5, 1, 1], shape: [2, 3])
    #expect(gradient(at: x) { $0.max() } == Tensor([0, 1, 1, 1, 0, 0], shape: [2, 3]) * (1 / 3))
    #expect(gradient(at: x) { $0.max(along: [0, 1]) * 3 } == Tensor([0, 1, 1, 1, 0, 0], shape: [2, 3]))
    #expect(gradient(at: x) { $0.min(along: [1]).sum() } == Tensor([1, 0, 0, 0, 0.5, 0.5], shape: [2, 3]))
    #expect(gradient(at: x) { $0.max(along: 1).sum() } == Tensor([0, 1, 0, 1, 0, 0], shape: [2, 3]))
  }

  @Test func nothingHidesNaN() {
    let x = Tensor([1, .nan, 3, .nan, 5, 0], shape: [2, 3])
    #expect(x.max(along: 1).scalars.allSatisfy { $0.isNaN } && x.min(along: 1).scalars.allSatisfy { $0.isNaN })
    #expect(x.max().scalar.isNaN && x.argMax(along: 1).indices == [1, 0] && x.argMin(along: 0).indices == [1, 0, 1])
    let (_, pullback) = valueWithPullback(at: [x]) { $0[0].max(along: 1) }
    #expect(pullback(.ones([2]))[0] == Tensor([0, 1, 0, 1, 0, 0], shape: [2, 3]))
    #expect(x.sorted(along: 1).indices.indices == [0, 2, 1, 2, 1, 0])
    #expect(
      x.topK(1, along: 1).indices.indices == [1, 0]
        && x.topK(1, along: 1, largest: false).values == Tensor([1, 0], shape: [2, 1]))
  }

  @Test func sortingIsStable() {
    let x = Tensor([1, 0, 1, -0.0, 2, 1])
    #expect(x.sorted().indices.indices == [1, 3, 0, 2, 5, 4])
    #expect(x.sorted(descending: true).indices.indices == [4, 0, 2, 5, 1, 3])
    #expect(x.topK(3).indices.indices == [4, 0, 2])
    for axis in 0..<3 {
      let (values, indices) = self.x.sorted(along: axis)
      #expect(self.x.gather(indices, along: axis) == values && self.x.argSort(along: axis) == indices)
      #expect(self.x.topK(2, along: axis, largest: false).values == values.slice(0..<2, along: axis))
    }
    #expect(
      Tensor([], shape: [0]).sorted().values.elementCount == 0 && Tensor([], shape: [2, 0]).topK(0).indices.count == 0)
  }

  @Test func gatherAndScatterUndoEachOther() {
    for axis in 0..<3 {
      let order = x.argSort(along: axis)
      #expect(Tensor.zeros(x.shape).scatter(x.gather(order, along: axis), at: order, along: axis) == x)
      let sums = Tensor.zeros(x.shape).scatterAdd(.ones(x.shape), at: order, along: axis)
      #expect(sums == .ones(x.shape))
    }
    let target = Tensor.zeros([4])
    #expect(target.scatter(Tensor([1, 2, 3]), at: [2, 2, 0], along: 0) == Tensor([3, 0, 2, 0]))
    #expect(target.scatterAdd(Tensor([1, 2, 3]), at: [2, 2, 0], along: 0) == Tensor([3, 0, 3, 0]))
    // The tensor that was scattered into is unchanged.
    #expect(target == .zeros([4]))
  }

  @Test func indexSelectAndOneHot() {
    for axis in 0..<3 {
      let parts = [2, 0, 2].map { x.slice($0..<$0 + 1, along: axis) }
      #expect(x.indexSelect([2, 0, 2], along: axis) == concatenated(parts, along: axis))
    }
    #expect(IndexTensor([2, 0], shape: [2, 1]).oneHot(classes: 3) == Tensor([0, 0, 1, 1, 0, 0], shape: [2, 1, 3]))
    #expect(IndexTensor([], shape: [0]).oneHot(classes: 3).shape == [0, 3])
  }

  @Test func stridesFlipsAndRolls() {
    let x = Tensor.range(count: 10)
    #expect(x.slice(1..<8, step: 3) == Tensor([1, 4, 7]) && x.slice(0..<10, step: 20) == Tensor([0]))
    #expect(x.slice(4..<4, step: 2).elementCount == 0)
    #expect(x.flipped(along: 0) == 9 - x && x.rolled(by: 13, along: 0) == x.rolled(by: 3, along: 0))
    #expect(x.rolled(by: -1, along: 0) == Tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]))
    #expect(x.rolled(by: 20, along: 0) == x && Tensor.zeros([0]).rolled(by: 2, along: 0).elementCount == 0)
    for axis in 0..<3 {
      let cut = self.x.shape[axis] - 1
      let rolled = concatenated(
        [self.x.slice(cut..<cut + 1, along: axis), self.x.slice(0..<cut, along: axis)], along: axis)
      #expect(self.x.rolled(by: 1, along: axis) == rolled)
      #expect(self.x.flipped(along: axis).flipped(along: axis) == self.x)
      #expect(self.x.flipped(along: axis).slice(0..<1, along: axis) == self.x.slice(cut..<cut + 1, along: axis))
    }
  }

  @Test func repetitions() {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2])
    #expect(x.tiled([1, 2]) == Tensor([1, 2, 1, 2, 3, 4, 3, 4], shape: [2, 4]))
    #expect(x.tiled([2, 1, 1]) == stacked([x, x]) && x.tiled([0, 1]).shape == [0, 2])
    #expect(x.repeated(2, along: 1) == Tensor([1, 1, 2, 2, 3, 3, 4, 4], shape: [2, 4]))
    #expect(x.repeated(2, along: 0) == Tensor([1, 2, 1, 2, 3, 4, 3, 4], shape: [4, 2]))
    #expect(x.padded([(1, 0), (0, 1)], with: 9) == Tensor([9, 9, 9, 1, 2, 9, 3, 4, 9], shape: [3, 3]))
    #expect(stacked([x, x], along: -1) == x.repeated(2, along: 1).reshaped(to: [2, 2, 2]))
    #expect(x.unstacked(along: 1) == [Tensor([1, 3]), Tensor([2, 4])] && x.selected(1) == Tensor([3, 4]))
    #expect(x.diagonal() == Tensor([1, 4]) && self.x.diagonal(of: 0, and: 2).shape == [4, 3])
    // −0 stays −0.
    #expect(Tensor([-0.0]).broadcast(to: [2]).scalars.allSatisfy { $0.sign == .minus })
  }

  @Test func manySlicesAddUpInPlace() {
    // With a gradient of the whole tensor for each slice, this would take 64 million additions.
    let x = Samples.normal([400, 400])
    let (_, pullback) = valueWithPullback(at: [x]) { inputs in
      (0..<400).reduce(Tensor.zeros([400])) { $0 + inputs[0].selected($1) * Float($1) }
    }
    let gradient = pullback(.ones([400]))[0]
    #expect(gradient == Tensor.range(count: 400).unsqueezed(at: 1).broadcast(to: [400, 400]))
  }

  @Test func partsAndTheWholeShareAGradient() {
    let x = Tensor([1, 2, 3, 4])
    let (_, pullback) = valueWithPullback(at: [x]) { $0[0] + $0[0].flipped(along: 0) + $0[0].slice(0..<1) }
    let seed = Tensor([1, 10, 100, 1_000])
    #expect(pullback(seed)[0] == Tensor([2_112, 110, 110, 1_001]))
    // The seed's memory may have been used for a gradient, but the seed has not changed.
    #expect(seed == Tensor([1, 10, 100, 1_000]))
  }

  @Test func einsumReadsEquations() {
    let (a, b) = (Samples.normal([2, 3]), Samples.normal([3, 4]))
    #expect(einsum("ij , jk -> ik", a, b) == a.matmul(b) && einsum("ij,jk", a, b) == a.matmul(b))
    // The result's letters are in alphabetical order, capitals first: this transposes.
    #expect(einsum("ba", a) == a.transposed() && einsum("aB", a) == a.transposed())
    #expect(einsum("...j->j...", a) == a.transposed() && einsum("...->...", a) == a)
    #expect(einsum("...", Tensor(3)) == Tensor(3) && einsum(",", Tensor(2), Tensor(3)) == Tensor(6))
    #expect(einsum("i...,i...->...", a, a).shape == [3])
    #expect(Comparison(einsum("...ij->...", x), x.sum(along: [1, 2]), absolute: 1e-5).isClose)
    #expect(einsum("ij,jk->ik", .zeros([2, 0]), .zeros([0, 3])) == .zeros([2, 3]))
  }
}
