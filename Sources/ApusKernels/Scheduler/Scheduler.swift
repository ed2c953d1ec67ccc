// Workers on Dispatch that stay awake between kernels: a job of tiles, ranges that workers claim from, and stealing.
// Read first: ApusKernelTypes/Schedule.swift. Docs/Decisions/0003 says why `concurrentPerform` alone is too slow.

import ApusBase
package import ApusKernelTypes
import Dispatch
import Foundation
import Synchronization

/// Runs tiles on a fixed number of workers: the calling thread, and helpers on a Dispatch queue.
///
/// A helper that finds no more tiles looks for the next job for a while before it goes back to Dispatch: a training step
/// hands out hundreds of jobs of 10–1,000 µs one after another, and waking a thread takes 10–60 µs. Work is never
/// *given* to a helper: workers claim tiles, so a helper that is late or was preempted delays nobody, apart from the one
/// tile it may be in. One job runs at a time; a caller who finds the workers busy (another thread's kernel, or a
/// kernel inside a tile) runs its own tiles itself, so nesting is safe.
package final class Scheduler: Sendable {
  /// Callers and helpers together.
  package let workers: Int

  // The state word: bits 0–15 the helpers inside the job, bit 16 whether the job takes new helpers, above it the job's
  // number.
  private static let openBit: UInt64 = 1 << 16
  private static let numberUnit: UInt64 = 1 << 17
  private static let insideMask: UInt64 = openBit - 1

  private let state = Atomic<UInt64>(0)
  private let isBusy = Atomic<Bool>(false)
  private nonisolated(unsafe) let job: UnsafeMutablePointer<Job>
  private let helpers: [Helper]
  private let queue = DispatchQueue.global(qos: .userInitiated)

  /// What the workers are doing; written only while no helper is inside.
  private struct Job {
    var body: Schedule.Body
  }

  /// Whether a helper's loop is running, or has been asked for.
  private final class Helper: Sendable {
    let isAwake = Atomic<Bool>(false)
  }

  /// Tiles `next..<end` of each worker; a cache line apart, so that claiming disturbs nobody.
  private let next: [Claim]

  private final class Claim: Sendable {
    let next = Atomic<Int>(0)
    let end = Atomic<Int>(0)
    let padding: (Int, Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0, 0)
  }

  /// Touched only by the caller that holds `isBusy`.
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
    // On a crowded machine the caller begins alone, and asks the helpers again as soon as that time is over.
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
    // Contiguous ranges: worker w begins with the same part of every job, whose data its caches may still hold.
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
      // A helper that long in its last tile may be waiting for this very core.
      if spins > 2_000 { sched_yield() }
    }
    job.pointee.body = { _, _ in }
  }

  /// Runs unclaimed tiles: first the worker's own range, then the others'; returns how many.
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

  /// A helper's life: join jobs until none has come for a while.
  private func help(_ worker: Int, _ helper: Helper) {
    var lastNumber: UInt64 = .max
    while true {
      if join(worker, &lastNumber) { continue }
      if waitForJob(after: lastNumber) { continue }
      helper.isAwake.store(false, ordering: .sequentiallyConsistent)
      // A job may have opened between the last look and falling asleep; its caller saw this helper awake.
      let now = state.load(ordering: .sequentiallyConsistent)
      guard now & Self.openBit != 0, now / Self.numberUnit != lastNumber,
        !helper.isAwake.exchange(true, ordering: .acquiringAndReleasing)
      else { return }
    }
  }

  /// Enters the open job, if there is a new one, and runs tiles until none is left.
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

  /// Looks for a new open job for up to a fifth of a millisecond.
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
