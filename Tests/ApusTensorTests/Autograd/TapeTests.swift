// What the tape records, how it sums gradients, and what it keeps alive.
// Read first: ApusTensor/Autograd/Tape.swift. Read next: CustomOperationTests.swift.

import ApusTesting
import Testing

@testable import ApusTensor

@Suite struct TapeTests {
  private let a = Variable(Tensor([1, 2, 3]))
  private let b = Variable(Tensor([4, 5, 6]))

  @Test func nothingIsRecordedOutsideOfScopes() {
    let product = a.value * b.value
    #expect(product.node == .none && !product.isTracked && !isTraining)
    let (value, _) = valueAndGradients {
      #expect((a.value * b.value).isTracked && isTraining)
      // Constants are not recorded either.
      #expect((Tensor([1]) * Tensor([2])).node == .none)
      return a.value.sum()
    }
    #expect(value.node == .none && !isTraining)
  }

  @Test func withoutRecordingIsAConstant() {
    let (value, gradients) = valueAndGradients {
      let constant = withoutRecording { (a.value * 10).sum() }
      return a.value.sum() * constant
    }
    #expect(value.scalar == 360 && gradients[a] == Tensor([60, 60, 60]))
  }

  @Test func trainingModeAloneRecordsNothing() {
    withTrainingMode {
      #expect(isTraining && (a.value + 1).node == .none)
      withTrainingMode(false) { #expect(!isTraining) }
    }
    let (_, gradients) = valueAndGradients { withTrainingMode(false) { (a.value * a.value).sum() } }
    #expect(gradients[a] == Tensor([2, 4, 6]))
  }

  @Test func gradientsOfReusedTensorsAreSummed() {
    let (_, gradients) = valueAndGradients {
      let x = a.value
      let square = x * x
      return (square + square * x + x).sum()
    }
    // d(x² + x³ + x) = 2x + 3x² + 1
    #expect(gradients[a] == Tensor([6, 17, 34]))
  }

  @Test func sharedGradientsAreNotOverwritten() {
    // Addition passes the same tensor to both inputs; accumulating into one of them must not change the other.
    let (_, gradients) = valueAndGradients {
      let sum = a.value + b.value
      return (sum * Tensor([1, 10, 100]) + a.value).sum()
    }
    #expect(gradients[a] == Tensor([2, 11, 101]) && gradients[b] == Tensor([1, 10, 100]))
  }

  @Test func readingAVariableTwiceIsOneLeaf() {
    let (_, gradients) = valueAndGradients { (a.value * 2 + a.value * b.value).sum() }
    #expect(gradients.count == 2 && gradients[a] == Tensor([6, 7, 8]) && gradients[b] == Tensor([1, 2, 3]))
  }

  @Test func unreadVariablesHaveNoGradient() {
    let (_, gradients) = valueAndGradients {
      _ = b.value
      return a.value.sum()
    }
    #expect(gradients[b] == nil && gradients.count == 1)
    let (_, none) = valueAndGradients { Tensor(3) }
    #expect(none.count == 0)
  }

  @Test func theValueOfAVariableIsAResultToo() {
    let number = Variable(Tensor(3))
    let (value, gradients) = valueAndGradients { number.value }
    #expect(value.scalar == 3 && gradients[number] == Tensor(1))
  }

  @Test func detachedTensorsStopGradients() {
    let (_, gradients) = valueAndGradients { (a.value * a.value.detached).sum() }
    #expect(gradients[a] == Tensor([1, 2, 3]))
  }

  @Test func nestedScopesAreIndependent() {
    let (_, outer) = valueAndGradients {
      let x = a.value
      // The outer x is a constant inside; the inner gradient (x) is a constant outside, not a second derivative.
      let (value, inner) = valueAndGradients { (x * b.value).sum() }
      #expect(inner.count == 1 && inner[b] == Tensor([1, 2, 3]) && !value.isTracked)
      guard let gradient = inner[b] else { return value }
      #expect(gradient.node == .none)
      // The outer tape still runs.
      #expect((x + 1).isTracked)
      return (x * gradient).sum()
    }
    #expect(outer.count == 1 && outer[a] == Tensor([1, 2, 3]))
  }

  @Test func pullbacksCalledInsideAScopeAreNotRecorded() {
    let (_, gradients) = valueAndGradients {
      let (_, pullback) = valueWithPullback(at: [a.value]) { $0[0] * Tensor([5, 5, 5]) }
      let direction = pullback(a.value)[0]
      #expect(direction == Tensor([5, 10, 15]) && direction.node == .none)
      return (direction * a.value).sum()
    }
    #expect(gradients[a] == Tensor([5, 10, 15]))
  }

  @Test func oldTensorsAreConstantsForALaterTape() {
    var kept = Tensor(0)
    _ = valueAndGradients {
      kept = a.value * 2
      return kept.sum()
    }
    let (_, gradients) = valueAndGradients { (kept * b.value).sum() }
    #expect(gradients.count == 1 && gradients[b] == Tensor([2, 4, 6]))
  }

  @Test func tensorsLeaveTheTapeWhenTheyAreChanged() {
    let (_, gradients) = valueAndGradients {
      var x = a.value * 2
      x.withUnsafeMutablePointer { $0[0] = 100 }
      #expect(!x.isTracked)
      return (x * b.value).sum()
    }
    #expect(gradients[a] == nil && gradients[b] == Tensor([100, 4, 6]))
  }

  @Test func tensorsLeaveTheTapeWhenTheyAreAddedToWithoutRecording() {
    // The result is the same whether the memory was shared (it is copied) or not (it is reused).
    for isShared in [false, true] {
      let (_, gradients) = valueAndGradients {
        var x = Tensor([1, 1, 1]) + a.value
        let copy = isShared ? x : Tensor(0)
        withoutRecording { x += Tensor([1, 1, 1]) }
        #expect(!x.isTracked && copy.elementCount > 0)
        return (x * b.value).sum()
      }
      #expect(gradients[a] == nil && gradients[b] == Tensor([3, 4, 5]), "shared: \(isShared)")
    }
  }

  @Test func variablesKeepTheirValueOffTheTape() {
    let variable = Variable(Tensor([1]))
    _ = valueAndGradients {
      let loss = variable.value * 3
      variable.value = loss
      return loss.sum()
    }
    #expect(variable.value == Tensor([3]) && variable.value.node == .none)
  }

  @Test func valuesThatAreTakenOutAreChangedInPlace() {
    let variable = Variable(Tensor([3, 4]))
    let before = variable.value.withUnsafePointer { $0 }
    var value = variable.takeValue()
    #expect(variable.value.elementCount == 0)
    value.withUnsafeMutablePointer {
      #expect(UnsafePointer($0) == before)
      $0[0] += 1
    }
    variable.value = value
    #expect(variable.value == Tensor([4, 4]))
  }

  @Test func aLongChainDoesNotOverflowTheStack() {
    let start = Variable(Tensor([1, 2]))
    let (value, gradients) = valueAndGradients {
      var x = start.value
      for _ in 0..<200_000 { x = x + 1 }
      return x.sum()
    }
    #expect(value.scalar == 400_003 && gradients[start] == Tensor([1, 1]))
  }

  @Test func whatPullbacksKeptIsFreedAsTheyArePassed() {
    final class Canary {}
    weak var first: Canary?
    weak var last: Canary?
    var firstWasAlive = false
    var lastWasAlive = true
    func step(_ x: Tensor, _ check: @escaping () -> Void) -> (Tensor, Canary) {
      let canary = Canary()
      let result = (x.detached * 1).recorded("step") {
        wrt(x) { dy in
          check()
          return withExtendedLifetime(canary) { dy }
        }
      }
      return (result, canary)
    }
    _ = valueAndGradients {
      let (x, one) = step(a.value) {
        (firstWasAlive, lastWasAlive) = (first != nil, last != nil)
      }
      let (y, two) = step(x) {}
      (first, last) = (one, two)
      return y.sum()
    }
    // The first operation's pullback runs last: its own captures are alive, the later operation's are freed already.
    #expect(firstWasAlive && !lastWasAlive && first == nil && last == nil)
  }

  @Test func aTapeWithoutBackwardFreesItsMemory() {
    final class Canary {}
    weak var kept: Canary?
    do {
      let canary = Canary()
      kept = canary
      let (_, pullback) = valueWithPullback(at: [Tensor([1])]) { inputs in
        inputs[0].recorded("kept") { wrt(inputs[0]) { dy in withExtendedLifetime(canary) { dy } } }
      }
      #expect(pullback(Tensor([2])) == [Tensor([2])])
    }
    #expect(kept == nil)
  }
}
