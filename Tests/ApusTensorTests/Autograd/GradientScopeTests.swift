// The other ways to compute gradients: pullbacks, gradient(at:), and gradients as a value.
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
    // Clipping again to the same limit, or to a larger one, changes nothing.
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
    // The gradients that were added are unchanged, though their memory may be reused.
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

  @Test func addingInPlaceIsAdding() {
    let gradients = (1...4).map { round in
      var gradients = Gradients()
      gradients[v] = Tensor([Float(round), 1])
      if round % 2 == 0 { gradients[u] = Tensor([Float(round)]) }
      return gradients * 0.5
    }
    var total = Gradients()
    for part in gradients { total += part }
    #expect(total[v] == Tensor([5, 2]) && total[u] == Tensor([3]))
    // The operands are unchanged.
    #expect(gradients[0][v] == Tensor([0.5, 0.5]))
    let sum = gradients[0] + gradients[1]
    #expect(sum[v] == Tensor([1.5, 1]) && (sum * 2)[v] == Tensor([3, 2]) && sum[v] == Tensor([1.5, 1]))
  }

  @Test func otherNorms() {
    var gradients = Gradients()
    #expect(gradients.norm(.largest) == 0 && gradients.norm(.absoluteSum) == 0)
    gradients[u] = Tensor([2])
    gradients[v] = Tensor([-3, 6])
    #expect(gradients.norm(.largest) == 6 && gradients.norm(.absoluteSum) == 11)
    #expect((gradients * -2).norm(.largest) == 12 && (gradients * -2).norm == 14)
    gradients[w] = Tensor([.nan])
    for kind in [GradientNorm.euclidean, .absoluteSum, .largest] { #expect(gradients.norm(kind).isNaN) }
    gradients[w] = .zeros([0])
    #expect(gradients.norm(.largest) == 6)
    #expect(
      gradients.clipped(toValue: 2.5)[v] == Tensor([-2.5, 2.5]) && gradients.clipped(toValue: 2.5)[u] == Tensor([2]))
  }

  // MARK: Inputs and parameters

  @Test func gradientsOfInputsAndParametersInOneCall() {
    let weight = Variable(Tensor([2, 3, 4]))
    let (x, y) = (Tensor([1, 2, 3]), Tensor([5, 5, 5]))
    let (value, gradients, inputs) = valueAndGradients(at: [x, y]) { ($0[0] * weight.value).sum() }
    #expect(value.scalar == 20 && gradients.count == 1 && gradients[weight] == x)
    #expect(inputs == [weight.value, .zeros([3])])
    #expect(gradient(at: x) { ($0 * weight.value).sum() } == weight.value)
  }

  @Test func cotangentsReachInputsAndParameters() {
    let weight = Variable(Samples.normal([3, 4]))
    let (x, dy) = (Samples.normal([5, 4], seed: 2), Samples.normal([5, 3], seed: 3))
    let (value, pullback) = valueWithPullback(at: [x]) { linear($0[0], weight: weight.value) }
    #expect(value.shape == [5, 3])
    let (inputs, parameters) = pullback.all(dy)
    #expect(inputs == [dy.matmul(weight.value)] && parameters.count == 1)
    // This equals the gradient of Σ y ⊙ dy.
    let (_, expected, slopes) = valueAndGradients(at: [x]) { (linear($0[0], weight: weight.value) * dy).sum() }
    #expect(parameters[weight] == expected[weight] && inputs == slopes)
  }

  // MARK: Batches in parts

  @Test func averagingOverPartsIsTheWholeBatch() {
    let weight = Variable(Samples.normal([3, 4]))
    let (x, y) = (Samples.normal([12, 4], seed: 2), Samples.normal([12, 3], seed: 3))
    func loss(_ rows: Range<Int>) -> Tensor {
      (linear(x.slice(rows), weight: weight.value) - y.slice(rows)).squared().mean()
    }
    let whole = valueAndGradients { loss(0..<12) }
    for count in [1, 2, 3, 4, 6, 12] {
      let size = 12 / count
      let parts = (0..<count).map { $0 * size..<($0 + 1) * size }
      let averaged = valueAndGradients(averagingOver: parts) { loss($0) }
      #expect(Comparison(averaged.value, whole.value, absolute: 1e-5).isClose)
      #expect(
        Comparison(averaged.gradients[weight] ?? Tensor(0), whole.gradients[weight] ?? Tensor(1), absolute: 1e-5)
          .isClose, "\(count) parts")
      // The means of the parts, weighted by their sizes, also give the mean of the whole batch.
      var total = Gradients()
      for rows in [0..<2, 2..<12] { total += valueAndGradients { loss(rows) }.gradients * (Float(rows.count) / 12) }
      #expect(
        Comparison(total[weight] ?? Tensor(0), whole.gradients[weight] ?? Tensor(1), absolute: 1e-5).isClose)
    }
  }

  @Test func averagingPassesErrorsOnAndNeedsParts() async {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try valueAndGradients(averagingOver: [1, 2]) { _ in throw Stop() } }
    await #expect(processExitsWith: .failure) {
      _ = valueAndGradients(averagingOver: [Int]()) { _ in Tensor(1) }
    }
  }
}
