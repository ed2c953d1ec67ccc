// Workers on Dispatch that stay awake between kernels. A job is a number of tiles; workers claim tiles from their own range,
// then from the others'. Read first: ApusKernelTypes/Schedule.swift; Docs/Decisions/0003, why not `concurrentPerform`.

import ApusBase
package import ApusKernelTypes
import Dispatch
import Foundation
import Synchronization

/// Runs tiles on a fixed number of workers: the calling thread, and helpers on a Dispatch queue.
///
/// A helper that finds no more tiles looks for the next job for a while before it returns to Dispatch: a training step runs
/// hundreds of jobs of 10–1,000 µs one after the other, and waking a thread takes 10–60 µs. Workers claim tiles themselves, so
/// a helper that is late or preempted delays nobody, except in a tile that it has already claimed. One job runs at a time. A
/// caller that finds the workers busy (with another thread's kernel, or because it is itself inside a tile) runs all of its
/// tiles, so nesting is safe.
package final class Scheduler: Sendable {
  /// The number of workers: the caller and the helpers.
  package let workers: Int

  // The state word: bits 0–15 are the number of helpers inside the job, bit 16 is whether the job takes new helpers, and the
  // bits above are the job's number.
  private static let openBit: UInt64 = 1 << 16
  private static let numberUnit: UInt64 = 1 << 17
  private static let insideMask: UInt64 = openBit - 1

  private let state = Atomic<UInt64>(0)
  private let isBusy = Atomic<Bool>(false)
  private nonisolated(unsafe) let job: UnsafeMutablePointer<Job>
  private let helpers: [Helper]
  private let queue = DispatchQueue.global(qos: .userInitiated)

  /// The current job; written only while no helper is inside.
  private struct Job {
    var body: Schedule.Body
  }

  /// A helper. `isAwake` is whether its loop is running or has been submitted to Dispatch.
  private final class Helper: Sendable {
    let isAwake = Atomic<Bool>(false)
  }

  /// The unclaimed tiles `next..<end` of each worker. The padding keeps them on separate cache lines.
  private let next: [Claim]

  private final class Claim: Sendable {
    let next = Atomic<Int>(0)
    let end = Atomic<Int>(0)
    let padding: (Int, Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0, 0)
  }

  /// Used only by the caller that holds `isBusy`.
  private let crowding: Crowding

  package init(workers: Int, crowding: Crowding = Crowding()) {
    guard workers > 0 else { stop("Scheduler: \(workers) workers (at least one is needed)") }
    self.workers = min(workers, 256)
    self.crowding = crowding
    job = .allocate(capacity: 1)
    job.initialize(to: Job(body: { _, _ in }))
    helpers = (1..<max(1, self.workers)).map { _ in Helper() }
    next = (0..<self.workers).map { _ in Claim() }
  }

  deinit {
    job.deinitialize(count: 1)
    job.deallocate()
  }

  /// The schedule that kernels take.
  package var schedule: Schedule {
    guard workers > 1 else { return .serial }
    return Schedule(workers: workers) { tiles, body in self.run(tiles, body) }
  }

  /// Calls `body` once for every tile; returns when all are done.
  package func run(_ tiles: Int, _ body: Schedule.Body) {
    if tiles <= 1 || workers == 1 || isBusy.exchange(true, ordering: .acquiring) {
      for tile in 0..<max(0, tiles) { body(tile, 0) }
      return
    }
    defer { isBusy.store(false, ordering: .releasing) }
    // On a crowded machine the caller begins alone, and calls the helpers when that time is over.
    var (first, begin) = (0, DispatchTime.now().uptimeNanoseconds)
    while crowding.isAlone(at: begin) {
      body(first, 0)
      first += 1
      if first == tiles { return }
      begin = DispatchTime.now().uptimeNanoseconds
    }
    withoutActuallyEscaping(body) { body in
      start(first..<tiles, body)
      let own = claimTiles(body, worker: 0)
      let middle = DispatchTime.now().uptimeNanoseconds
      finish()
      let end = DispatchTime.now().uptimeNanoseconds
      crowding.note(
        perTile: (middle - begin) / UInt64(max(1, own)), waited: end - middle, took: end - begin, at: end)
    }
  }

  private func start(_ tiles: Range<Int>, _ body: @escaping Schedule.Body) {
    // The ranges are contiguous: worker w begins with the same part of every job, whose data may still be in its caches.
    for worker in 0..<workers {
      next[worker].next.store(tiles.lowerBound + tiles.count * worker / workers, ordering: .relaxed)
      next[worker].end.store(tiles.lowerBound + tiles.count * (worker + 1) / workers, ordering: .relaxed)
    }
    job.pointee.body = body
    let number = state.load(ordering: .relaxed) / Self.numberUnit
    state.store((number + 1) * Self.numberUnit + Self.openBit, ordering: .releasing)
    for (index, helper) in helpers.prefix(tiles.count - 1).enumerated()
    where !helper.isAwake.exchange(true, ordering: .acquiringAndReleasing) {
      queue.async { self.help(index + 1, helper) }
    }
  }

  /// Closes the job and waits for the helpers inside it.
  private func finish() {
    state.bitwiseAnd(~Self.openBit, ordering: .acquiringAndReleasing)
    var spins = 0
    while state.load(ordering: .acquiring) & Self.insideMask != 0 {
      spins += 1
      // A helper that takes this long for its last tile may be waiting for this core.
      if spins > 2_000 { sched_yield() }
    }
    job.pointee.body = { _, _ in }
  }

  /// Runs unclaimed tiles, first of the worker's own range, then of the others'; returns their number.
  @discardableResult
  private func claimTiles(_ body: Schedule.Body, worker: Int) -> Int {
    var count = 0
    for offset in 0..<workers {
      let claim = next[(worker + offset) % workers]
      let end = claim.end.load(ordering: .relaxed)
      while claim.next.load(ordering: .relaxed) < end {
        let tile = claim.next.add(1, ordering: .relaxed).oldValue
        guard tile < end else { break }
        body(tile, worker)
        count += 1
      }
    }
    return count
  }

  /// The loop of a helper: joins jobs until none has come for a while.
  private func help(_ worker: Int, _ helper: Helper) {
    var lastNumber: UInt64 = .max
    while true {
      if join(worker, &lastNumber) { continue }
      if waitForJob(after: lastNumber) { continue }
      helper.isAwake.store(false, ordering: .sequentiallyConsistent)
      // A job may have been opened since the last check, by a caller that saw this helper awake.
      let now = state.load(ordering: .sequentiallyConsistent)
      guard now & Self.openBit != 0, now / Self.numberUnit != lastNumber,
        !helper.isAwake.exchange(true, ordering: .acquiringAndReleasing)
      else { return }
    }
  }

  /// Enters the open job if it is a new one, and runs tiles until none are left; returns whether it did.
  private func join(_ worker: Int, _ lastNumber: inout UInt64) -> Bool {
    var seen = state.load(ordering: .acquiring)
    while seen & Self.openBit != 0, seen / Self.numberUnit != lastNumber {
      let (exchanged, original) = state.weakCompareExchange(
        expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
      if exchanged {
        lastNumber = seen / Self.numberUnit
        claimTiles(job.pointee.body, worker: worker)
        state.subtract(1, ordering: .acquiringAndReleasing)
        return true
      }
      seen = original
    }
    return false
  }

  /// Waits up to 0.2 ms for a new job; returns whether one was opened.
  private func waitForJob(after lastNumber: UInt64) -> Bool {
    let start = DispatchTime.now().uptimeNanoseconds
    while DispatchTime.now().uptimeNanoseconds - start < 200_000 {
      for _ in 0..<64 {
        let seen = state.load(ordering: .relaxed)
        if seen & Self.openBit != 0, seen / Self.numberUnit != lastNumber { return true }
      }
    }
    return false
  }
}
