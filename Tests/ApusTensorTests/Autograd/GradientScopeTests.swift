// The other ways to ask for gradients: pullbacks, gradient(at:), and gradients as a value.
// Read first: ApusTensor/Autograd/ValueAndGradients.swift, Gradients.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct GradientScopeTests {
  @Test func pullbacksTakeAGradientOfTheValuesShape() {
    let (x, y) = (Tensor([1, 2, 3]), Tensor([4, 5, 6]))
    let (value, pullback) = valueWithPullback(at: [x, y]) { $0[0] * $0[1] }
    #expect(value == Tensor([4, 10, 18]))
    #expect(pullback(Tensor([1, 10, 100])) == [Tensor([4, 50, 600]), Tensor([1, 20, 300])])
  }

  @Test func inputsThatAreNotUsedGetZeros() {
    let (value, pullback) = valueWithPullback(at: [Tensor([1, 2]), .ones([2, 2])]) { $0[0] * 2 }
    #expect(value == Tensor([2, 4]) && pullback(.ones([2])) == [Tensor([2, 2]), .zeros([2, 2])])
    let (constant, none) = valueWithPullback(at: [Tensor([1, 2])]) { _ in Tensor(7) }
    #expect(constant.scalar == 7 && none(Tensor(1)) == [.zeros([2])])
  }

  @Test func theSameTensorTwiceIsTwoInputs() {
    let x = Tensor([2, 3])
    let (_, pullback) = valueWithPullback(at: [x, x]) { $0[0] * $0[0] * $0[1] }
    #expect(pullback(.ones([2])) == [Tensor([8, 18]), Tensor([4, 9])])
  }

  @Test func gradientAtATensor() {
    #expect(gradient(at: Tensor([1, 2, 3])) { ($0 * $0).sum() } == Tensor([2, 4, 6]))
    #expect(gradient(at: Tensor(2)) { $0 * $0 * $0 } == Tensor(12))
    #expect(gradient(at: Tensor([5])) { _ in Tensor(1) } == Tensor([0]))
  }

  @Test func errorsPassThrough() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try valueAndGradients { throw Stop() } }
    #expect(throws: Stop.self) { try gradient(at: Tensor(1)) { _ in throw Stop() } }
    #expect(!isTraining)
  }

  private let u = Variable(Tensor([0]))
  private let v = Variable(Tensor([0, 0]))
  private let w = Variable(Tensor([0]))

  @Test func gradientsAreATable() {
    var gradients = Gradients()
    #expect(gradients.count == 0 && gradients[u] == nil && gradients.norm == 0)
    gradients[u] = Tensor([1])
    gradients[v] = Tensor([2, 3])
    gradients[w] = Tensor([4])
    gradients[u] = Tensor([5])
    #expect(gradients.count == 3 && gradients[u] == Tensor([5]))
    gradients[v] = nil
    #expect(gradients.count == 2 && gradients[v] == nil && gradients[u] == Tensor([5]) && gradients[w] == Tensor([4]))
    gradients[v] = nil
    #expect(gradients.count == 2)
  }

  @Test func theNormIsOverAllGradients() {
    var gradients = Gradients()
    gradients[u] = Tensor([2])
    gradients[v] = Tensor([-3, 6])
    #expect(gradients.norm == 7)
    let clipped = gradients.clipped(toNorm: 3.5)
    #expect(abs(clipped.scale - 0.5) < 1e-6 && gradients.scale == 1)
    // Clipping again to the same limit, or to a larger one, changes nothing any more.
    #expect(abs(clipped.clipped(toNorm: 3.5).scale - clipped.scale) < 1e-6)
    #expect(clipped.clipped(toNorm: 10).scale == clipped.scale)
  }

  @Test func gradientsOfSeveralBatchesAreAdded() {
    var (first, second) = (Gradients(), Gradients())
    first[u] = Tensor([1])
    first[v] = Tensor([2, 3])
    second[v] = Tensor([10, 20])
    second[w] = Tensor([7])
    let sum = first.adding(second)
    #expect(sum.count == 3 && sum[u] == Tensor([1]) && sum[v] == Tensor([12, 23]) && sum[w] == Tensor([7]))
    // What was added is as before, though its memory may be reused.
    #expect(first[v] == Tensor([2, 3]) && second[v] == Tensor([10, 20]))
  }

  @Test func clippedGradientsAreAddedAsClipped() {
    var (first, second) = (Gradients(), Gradients())
    first[v] = Tensor([3, 4])
    second[v] = Tensor([1, 1])
    let sum = first.clipped(toNorm: 1).adding(second)
    #expect(sum.scale == 1 && Comparison(sum[v] ?? Tensor(0), Tensor([1.6, 1.8]), absolute: 1e-6).isClose)
    let other = second.adding(first.clipped(toNorm: 1))
    #expect(Comparison(other[v] ?? Tensor(0), Tensor([1.6, 1.8]), absolute: 1e-6).isClose)
  }

  @Test func halfBatchesAddUpToTheWholeBatch() {
    let weight = Variable(Samples.normal([3, 4]))
    let (x, y) = (Samples.normal([6, 4], seed: 2), Samples.normal([6, 3], seed: 3))
    func loss(_ rows: Range<Int>) -> (value: Tensor, gradients: Gradients) {
      valueAndGradients { (linear(x.slice(rows), weight: weight.value) - y.slice(rows)).squared().sum() }
    }
    let whole = loss(0..<6).gradients
    let parts = loss(0..<2).gradients.adding(loss(2..<6).gradients)
    #expect(Comparison(parts[weight] ?? Tensor(0), whole[weight] ?? Tensor(1), absolute: 1e-5).isClose)
  }
}
