// Scopes and threads: a scope holds on its own thread, and scopes on several threads do not disturb each other.
// Read first: ApusKernels/ThreadBound.swift, ApusTensor/Context.swift.

import ApusKernelTypes
import ApusKernels
import ApusTesting
import Foundation
import Synchronization
import Testing

@testable import ApusTensor

/// The result of `body` on another thread, for which this one waits.
private func onAnotherThread<Result: Sendable>(_ body: @escaping @Sendable () -> Result) -> Result? {
  let (result, done) = (Box<Result>(), DispatchSemaphore(value: 0))
  DispatchQueue.global().async {
    result.value.withLock { $0 = body() }
    done.signal()
  }
  done.wait()
  return result.value.withLock { $0 }
}

private final class Box<Value: Sendable>: Sendable {
  let value = Mutex<Value?>(nil)
}

private var thread: ObjectIdentifier { ObjectIdentifier(Thread.current) }

@Suite struct ThreadTests {
  private let a = Variable(Tensor([1, 2, 3]))
  private let b = Variable(Tensor([4, 5, 6]))

  /// The task runs while the scope does, and goes on after its end.
  @Test func aTaskThatAScopeStartsIsOutsideOfIt() async {
    for _ in 0..<300 {
      let a = a
      var task: Task<Bool, Never>?
      let (_, gradients) = valueAndGradients {
        let x = a.value * 2
        task = Task {
          (0..<40).allSatisfy { _ in
            let (own, captured) = (a.value * 2, x + x)
            return !isTraining && own.node == .none && captured.node == .none && captured == Tensor([4, 8, 12])
          }
        }
        // 2a + 40 · 2a²
        return (0..<40).reduce(x) { sum, _ in sum + a.value * x }.sum()
      }
      #expect(gradients.count == 1 && gradients[a] == Tensor([162, 322, 482]))
      #expect(await task?.value == true)
    }
  }

  @Test func concurrentPerformRecordsOnlyOnTheCallingThread() {
    let a = a
    let wrong = Atomic(0)
    let (_, gradients) = valueAndGradients {
      let (x, scope) = (a.value * 2, thread)
      DispatchQueue.concurrentPerform(iterations: 200) { number in
        let y = x + a.value * Float(number)
        let isInside = thread == scope
        let isRight =
          y == Tensor([1, 2, 3]) * Float(number + 2) && y.isTracked == isInside && (y.node != .none) == isInside
          && isTraining == isInside
        if !isRight { wrong.add(1, ordering: .relaxed) }
      }
      withoutRecording {
        DispatchQueue.concurrentPerform(iterations: 50) { number in
          if (x * a.value).node != .none { wrong.add(1, ordering: .relaxed) }
        }
      }
      return x.sum()
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
    #expect(gradients.count == 1 && gradients[a] == Tensor([2, 2, 2]))
  }

  @Test func nestedScopesOnSeveralThreadsAreIndependent() {
    let shared = a
    let wrong = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for round in 0..<50 {
        let (own, factor) = (Variable(Tensor([1, 2, 4]) * Float(thread + 1)), Float(round + 1))
        let (_, outer) = valueAndGradients {
          let x = shared.value * factor
          let (_, inner) = valueAndGradients { (own.value.squared() * factor + x).sum() }
          if inner.count != 1 || inner[own] != own.value.detached * (2 * factor) { wrong.add(1, ordering: .relaxed) }
          return rematerialized { x * own.value }.sum()
        }
        let isRight =
          outer.count == 2 && outer[shared] == own.value * factor && outer[own] == shared.value * factor
        if !isRight { wrong.add(1, ordering: .relaxed) }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func tensorsOfAnotherThreadsTapeAreConstants() throws {
    let b = b
    let (_, gradients) = try valueAndGradients {
      let x = a.value * 2
      let other = onAnotherThread {
        let plain = x * 3
        let (_, gradients) = valueAndGradients { (x * b.value + plain).sum() }
        return (plain: plain, gradients: gradients)
      }
      let (plain, gradients) = try #require(other)
      #expect(gradients.count == 1 && gradients[b] == Tensor([2, 4, 6]))
      #expect(plain == Tensor([6, 12, 18]) && plain.node == .none)
      return (x + plain).sum()
    }
    #expect(gradients.count == 1 && gradients[a] == Tensor([2, 2, 2]))
  }

  @Test func pullbacksRunOnAnyThread() {
    let (_, pullback) = valueWithPullback(at: [Tensor([1, 2, 3])]) { inputs in
      rematerialized { inputs[0] * inputs[0] }
    }
    // Handed over: only the other thread uses it from here on.
    nonisolated(unsafe) let sent = pullback
    #expect(onAnotherThread { sent(.ones([3]))[0] } == Tensor([2, 4, 6]))
  }

  // MARK: The other scopes

  @Test func seedsHoldOnTheirThread() {
    @Sendable func draw() -> Tensor { .randomUniform([5]) }
    let expected = withSeed(3) { [draw(), draw()] }
    let (system, generator) = (RandomGenerator.current, RandomGenerator(seed: 3))
    let drawn = withRandomGenerator(generator) {
      let first = draw()
      #expect(RandomGenerator.current === generator)
      #expect(onAnotherThread { RandomGenerator.current === system && !draw().shape.isEmpty } == true)
      return [first, draw()]
    }
    #expect(drawn == expected && RandomGenerator.current === system)
  }

  @Test func seedsOnSeveralThreadsAreIndependent() {
    let x = Samples.normal([32, 8])
    @Sendable func step(_ seed: Int) -> Tensor {
      withSeed(UInt64(seed)) {
        gradient(at: x) { x in rematerialized { x.droppingOut(probability: 0.5) * x }.sum() + .randomNormal([]) }
      }
    }
    let expected = (0..<8).map(step)
    let wrong = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: 64) { number in
      if step(number % 8) != expected[number % 8] { wrong.add(1, ordering: .relaxed) }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func trainingModeHoldsOnItsThread() {
    withTrainingMode { #expect(isTraining && onAnotherThread { isTraining } == false) }
    _ = gradient(at: Tensor(1)) { x in
      rematerialized {
        #expect(onAnotherThread { isRecomputing } == false)
        return x
      }
    }
  }

  @Test func workspacesHoldOnTheirThread() {
    let wrong = Atomic(0)
    Workspace().run {
      // More sizes than a workspace keeps: threads that shared it would lose storages of each other.
      DispatchQueue.concurrentPerform(iterations: 400) { number in
        let sum = (Tensor.range(count: number % 100 + 1) + 1).sum().scalar
        if sum != Float((number % 100 + 1) * (number % 100 + 2) / 2) { wrong.add(1, ordering: .relaxed) }
      }
    }
    #expect(wrong.load(ordering: .relaxed) == 0)
  }

  @Test func workersAreReplacedOnOneThread() {
    let (usual, scheduler) = (Kernels.schedule.workers, Scheduler(workers: 7))
    Kernels.withScheduler(scheduler) {
      #expect(Kernels.schedule.workers == 7 && onAnotherThread { Kernels.schedule.workers } == usual)
      Kernels.withScheduler(Scheduler(workers: 5)) { #expect(Kernels.schedule.workers == 5) }
      #expect(Kernels.schedule.workers == 7)
    }
    #expect(Kernels.schedule.workers == usual)
  }
}
