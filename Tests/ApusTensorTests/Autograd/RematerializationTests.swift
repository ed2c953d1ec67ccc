// Parts that are recomputed in the backward pass: the same bits, less memory, and no side effect twice.
// Read first: ApusTensor/Autograd/Rematerialization.swift.

import ApusKernelTypes
import ApusTesting
import Synchronization
import Testing

@testable import ApusTensor

/// A stack of residual layers with tied weights, dropout and a skip connection from the input to every layer.
private struct Stack {
  let weights: [Variable]
  let shared = Variable(Samples.normal([24], seed: 99) * 0.5)
  let input = Variable(Samples.normal([16, 24], seed: 98))

  init(layers: Int) {
    weights = (0..<layers).map { Variable(Samples.normal([24, 24], seed: UInt64($0)) * 0.2) }
  }

  var variables: [Variable] { weights + [shared, input] }

  func layer(_ index: Int, _ x: Tensor, _ skip: Tensor) -> Tensor {
    let hidden = linear(x * shared.value, weight: weights[index].value, activation: .gelu)
    return x + hidden.droppingOut(probability: 0.3) * shared.value + (hidden * skip).tanh() * 0.1
  }

  /// The loss, each layer wrapped by `wrap`.
  func loss(_ wrap: (@escaping () -> Tensor) -> Tensor) -> Tensor {
    let skip = input.value
    var x = skip.squared()
    for index in weights.indices {
      let y = x
      x = wrap { layer(index, y, skip) }
    }
    return (x * shared.value.sum()).squared().mean()
  }

  func expectSame(
    _ a: (value: Tensor, gradients: Gradients), _ b: (value: Tensor, gradients: Gradients), _ what: String
  ) {
    #expect(a.value == b.value, "\(what): value")
    for (index, variable) in variables.enumerated() {
      #expect(a.gradients[variable] == b.gradients[variable] && a.gradients[variable] != nil, "\(what): \(index)")
    }
  }
}

@Suite struct RematerializationTests {
  private let a = Variable(Tensor([1, 2, 3]))
  private let b = Variable(Tensor([4, 5, 6]))

  @Test func bitsAreTheSameWithDropout() {
    let stack = Stack(layers: 4)
    let kept = withSeed(5) { valueAndGradients { stack.loss { $0() } } }
    let recomputed = withSeed(5) { valueAndGradients { stack.loss { rematerialized($0) } } }
    stack.expectSame(recomputed, kept, "each layer")
    let nested = withSeed(5) {
      valueAndGradients { rematerialized { stack.loss { layer in rematerialized { rematerialized(layer) } } } }
    }
    stack.expectSame(nested, kept, "nested")
    // Random numbers of the other kind, which cannot be drawn again.
    let other = withSeed(6) { valueAndGradients { stack.loss { $0() } } }
    #expect(other.value != kept.value)
  }

  /// Draws from a generator that is passed to the body, or shared with other code, are repeated as well.
  @Test func explicitGeneratorsDrawAgain() {
    func run(_ wrap: (@escaping () -> Tensor) -> Tensor) -> (Tensor?, Tensor) {
      let generator = RandomGenerator(seed: 3)
      let (_, gradients) = valueAndGradients {
        let x = a.value
        let first = wrap { x.droppingOut(probability: 0.5, using: generator) * Tensor([1, 10, 100]) }
        return (first + x.droppingOut(probability: 0.5, using: generator)).sum()
      }
      return (gradients[a], .randomUniform([4], using: generator))
    }
    #expect(run { rematerialized($0) } == run { $0() })
  }

  @Test func laterDrawsAreNotDisturbed() {
    func draws(_ wrap: (@escaping () -> Tensor) -> Tensor) -> Tensor {
      withSeed(1) {
        _ = valueAndGradients { wrap { a.value.droppingOut(probability: 0.5) }.sum() }
        return .randomUniform([8])
      }
    }
    #expect(draws { rematerialized($0) } == draws { $0() })
  }

  @Test func everyKindOfResult() {
    let x = Tensor([7, 8, 9])
    // Nothing tracked: a constant.
    var gradients = valueAndGradients { (rematerialized { x * 2 } * a.value).sum() }.gradients
    #expect(gradients.count == 1 && gradients[a] == Tensor([14, 16, 18]))
    // A parameter or a tensor from outside, returned as it is.
    gradients = valueAndGradients { rematerialized { self.a.value }.sum() }.gradients
    #expect(gradients.count == 1 && gradients[a] == .ones([3]))
    gradients =
      valueAndGradients {
        let y = a.value * 3
        return rematerialized { y }.sum()
      }.gradients
    #expect(gradients[a] == Tensor([3, 3, 3]))
    // A result that is not used.
    gradients =
      valueAndGradients {
        _ = rematerialized { self.b.value * 2 }
        return a.value.sum()
      }.gradients
    #expect(gradients[a] == .ones([3]) && gradients[b] == nil)
  }

  @Test func pullbacksWithSeveralInputsAndCustomOnes() {
    func product(_ x: Tensor, _ y: Tensor) -> Tensor {
      (x.detached * y.detached).recorded("product") {
        wrt([x, y]) { d in [d * y.detached, d * x.detached] }
      }
    }
    let (_, gradients) = valueAndGradients {
      let x = a.value + 1
      return rematerialized { product(x, self.b.value) + product(x, x) }.sum()
    }
    #expect(gradients[a] == Tensor([8, 11, 14]) && gradients[b] == Tensor([2, 3, 4]))
  }

  /// Slices add to their source's gradient in place, across the boundary of the recomputed part.
  @Test func slicesInsideAndOutside() {
    func run(_ wrap: (@escaping () -> Tensor) -> Tensor) -> Tensor? {
      let (_, gradients) = valueAndGradients {
        let x = a.value * a.value
        let inside = wrap { x.slice(0..<2) * x.slice(1..<3) + self.a.value.slice(0..<2) }
        return (inside * x.slice(1..<3)).sum()
      }
      return gradients[a]
    }
    #expect(run { rematerialized($0) } == run { $0() } && run { $0() } != nil)
  }

  @Test func gradientsOfInputsPassThrough() {
    let (_, pullback) = valueWithPullback(at: [Tensor([1, 2, 3]), Tensor([4, 5, 6])]) { x in
      rematerialized { x[0] * x[1] * x[1] }
    }
    #expect(pullback(Tensor([1, 1, 10])) == [Tensor([16, 25, 360]), Tensor([8, 20, 360])])
  }

  @Test func scopesInsideAreIndependent() {
    let (_, gradients) = valueAndGradients {
      let x = a.value
      return rematerialized {
        let inner = valueAndGradients { (x * self.b.value).sum() }.gradients[self.b] ?? Tensor(0)
        return (x * inner + withoutRecording { x * 100 }).sum()
      }
    }
    // d(x · [x as a constant]) = x
    #expect(gradients.count == 1 && gradients[a] == Tensor([1, 2, 3]))
  }

  @Test func theBodyRunsTwiceAndKnowsIt() {
    let runs = Mutex<[(isRecomputing: Bool, isTraining: Bool)]>([])
    func body(_ x: Tensor) -> Tensor {
      runs.withLock { $0.append((isRecomputing, isTraining)) }
      return x * x
    }
    // Outside of all scopes, the body runs once.
    #expect(rematerialized { body(Tensor([2])) } == Tensor([4]))
    #expect(runs.withLock { $0.count } == 1 && !isRecomputing)
    _ = valueAndGradients {
      let x = a.value
      return withTrainingMode(false) { rematerialized { body(x) } }.sum()
    }
    #expect(runs.withLock { $0.map(\.isRecomputing) } == [false, false, true])
    #expect(runs.withLock { $0.allSatisfy { !$0.isTraining } })
    // When parts are nested, a recomputation of the outer part is also one of the inner part.
    runs.withLock { $0 = [] }
    _ = valueAndGradients {
      let x = a.value
      return rematerialized { rematerialized { body(x) } }.sum()
    }
    #expect(runs.withLock { $0.map(\.isRecomputing) } == [false, true, true])
  }

  @Test func memoryIsThatOfOneLayer() {
    /// The peak of a step with a stack of 16 layers, in bytes.
    func peak(_ wrap: @escaping (@escaping () -> Tensor) -> Tensor) -> Int {
      let weights = (0..<16).map { Variable(Samples.normal([32, 32], seed: UInt64($0)) * 0.2) }
      let input = Samples.normal([512, 32])
      let before = BufferPool.shared.statistics.inUse
      BufferPool.shared.resetPeak()
      _ = valueAndGradients {
        var x = input
        for weight in weights {
          let y = x
          x = wrap {
            var z = y
            for _ in 0..<4 { z = linear(z, weight: weight.value).tanh().gelu() }
            return y + z
          }
        }
        return x.mean()
      }
      return BufferPool.shared.statistics.peak - before
    }
    _ = peak { $0() }
    // The pool is shared: tests that run at the same time can only raise a peak, so the lowest of several tries counts.
    var (kept, recomputed) = (Int.max, Int.max)
    for _ in 0..<20 {
      (kept, recomputed) = (min(kept, peak { $0() }), min(recomputed, peak { rematerialized($0) }))
      if kept > 4 * recomputed { break }
    }
    // 16 layers of 13 intermediate results each, or 16 results and the intermediate results of one layer.
    #expect(kept > 4 * recomputed, "\(kept) and \(recomputed) bytes")
  }

  @Test func aTapeWithoutBackwardIsFreed() {
    final class Canary {}
    weak var kept: Canary?
    do {
      let canary = Canary()
      kept = canary
      _ = valueWithPullback(at: [Tensor([1])]) { x in
        rematerialized { withExtendedLifetime(canary) { x[0] * 2 } }
      }
    }
    #expect(kept == nil)
  }

  @Test func aBodyThatComputesSomethingElseStops() async {
    await #expect(processExitsWith: .failure) {
      let variable = Variable(Tensor([1, 2]))
      _ = valueAndGradients {
        rematerialized { isRecomputing ? variable.value.sum() : variable.value * 2 }.sum()
      }
    }
  }
}
