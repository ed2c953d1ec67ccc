// Custom operations, written with the public interface only, as a user of the package would write them.
// Read first: ApusTensor/Autograd/Pullback.swift.

import ApusTensor
import ApusTesting
import Testing

/// The example in the documentation of `recorded` and `checkGradients`.
private func cube(_ x: Tensor) -> Tensor {
  let y = x.detached * x.detached * x.detached
  return y.recorded("cube") {
    wrt(x) { dy in dy * x.detached * x.detached * 3 }
  }
}

/// √(a² + b²), with one pullback for both inputs and a result computed by a loop over pointers.
private func hypotenuse(_ a: Tensor, _ b: Tensor) -> Tensor {
  precondition(a.shape == b.shape, "hypotenuse: shapes \(a.shape) and \(b.shape)")
  let count = a.elementCount
  let c = Tensor(uninitialized: a.shape) { c in
    a.withUnsafePointer { a in
      b.withUnsafePointer { b in
        for i in 0..<count { c[i] = (a[i] * a[i] + b[i] * b[i]).squareRoot() }
      }
    }
  }
  return c.recorded("hypotenuse") {
    wrt([a, b]) { dc in [dc * a.detached / c, dc * b.detached / c] }
  }
}

@Suite struct CustomOperationTests {
  @Test func theDocumentedExampleWorks() {
    let report = checkGradients(of: { cube($0[0]) }, at: [Samples.normal([2, 3])])
    #expect(report.passed && report.largestDerivative > 0.1, "\(report)")
    #expect(gradient(at: Tensor([1, 2])) { cube($0).sum() } == Tensor([3, 12]))
  }

  @Test func severalInputsCanShareAPullback() {
    let report = checkGradients(
      of: { hypotenuse($0[0], $0[1]) }, at: [Samples.awayFromZero([2, 3]), Samples.awayFromZero([2, 3], seed: 2)])
    #expect(report.passed && report.checks == 18, "\(report)")
  }

  @Test func ownOperationsMixWithOthers() {
    let weight = Variable(Samples.normal([3, 3]))
    let x = Samples.normal([2, 3], seed: 2)
    let report = checkGradients(ofParameters: [("weight", weight)]) {
      cube(linear(x, weight: weight.value)).softmax() * cube(weight.value.sum(along: 0) * 0.5)
    }
    #expect(report.passed && report.largestDerivative > 1e-3, "\(report)")
  }

  @Test func pullbacksRunOnlyWhereTheyAreNeeded() {
    var asked: [String] = []
    func product(_ a: Tensor, _ b: Tensor) -> Tensor {
      (a.detached * b.detached).recorded("product") {
        wrt(a) { dc in
          asked.append("a")
          return dc * b.detached
        }
        wrt(b) { dc in
          asked.append("b")
          return dc * a.detached
        }
      }
    }
    let (a, b) = (Variable(Tensor([2])), Tensor([5]))
    #expect(product(a.value, b) == Tensor([10]) && asked.isEmpty)
    let (_, gradients) = valueAndGradients { product(a.value, b).sum() }
    #expect(asked == ["a"] && gradients[a] == Tensor([5]))
    // A branch that the result does not depend on is skipped.
    _ = valueAndGradients {
      _ = product(a.value, b)
      return a.value.sum()
    }
    #expect(asked == ["a"])
  }

  @Test func nothingIsBuiltOutsideOfScopes() {
    var builds = 0
    func built(_ x: Tensor) -> Pullback {
      builds += 1
      return wrt(x) { $0 }
    }
    let x = Variable(Tensor([1]))
    _ = x.value.recorded("probe") { built(x.value) }
    #expect(builds == 0)
    _ = valueAndGradients { x.value.recorded("probe") { built(x.value) } }
    #expect(builds == 1)
  }
}
