// The scheduler: every tile runs once, no worker is in two tiles at a time, from any thread, with jobs of any size.
// Read first: ApusKernels/Scheduler/Scheduler.swift.

import ApusKernelTypes
import ApusKernels
import Dispatch
import Foundation
import Synchronization
import Testing

/// Counts how often each tile ran, and detects two tiles that ran at the same time under one worker's index.
private final class Witness: Sendable {
  private final class Counter: Sendable {
    let value = Atomic<Int>(0)
  }

  private let tiles: [Counter]
  private let workers: [Counter]
  private let errors = Atomic<Int>(0)

  init(tiles: Int, workers: Int) {
    self.tiles = (0..<tiles).map { _ in Counter() }
    self.workers = (0..<workers).map { _ in Counter() }
  }

  func run(tile: Int, worker: Int) {
    guard tiles.indices.contains(tile), workers.indices.contains(worker) else {
      errors.add(1, ordering: .relaxed)
      return
    }
    if workers[worker].value.add(1, ordering: .acquiringAndReleasing).oldValue != 0 {
      errors.add(1, ordering: .relaxed)
    }
    tiles[tile].value.add(1, ordering: .relaxed)
    workers[worker].value.subtract(1, ordering: .acquiringAndReleasing)
  }

  /// Whether every tile ran `times` times, and nothing else was wrong.
  func saw(everyTile times: Int) -> Bool {
    errors.load(ordering: .acquiring) == 0 && tiles.allSatisfy { $0.value.load(ordering: .acquiring) == times }
  }
}

extension KernelTests {
  @Suite struct SchedulerTests {
    @Test(arguments: [1, 2, 3, 5, 8, 64, 256])
    func everyTileOnce(_ workers: Int) {
      let scheduler = Scheduler(workers: workers)
      #expect(scheduler.workers == workers)
      #expect(scheduler.schedule.workers == workers)
      for tiles in Array(0...20) + [63, 64, 65, 255, 256, 257, 1_000, 4_099] {
        let witness = Witness(tiles: tiles, workers: workers)
        scheduler.run(tiles) { witness.run(tile: $0, worker: $1) }
        #expect(witness.saw(everyTile: 1), "\(tiles) tiles")
        scheduler.schedule.run(tiles) { witness.run(tile: $0, worker: $1) }
        #expect(witness.saw(everyTile: 2), "\(tiles) tiles, through the schedule")
      }
    }

    @Test func moreWorkersThanThereCanBe() {
      #expect(Scheduler(workers: 1_000).workers == 256)
    }

    @Test func serial() {
      var seen: [Int] = []
      Schedule.serial.run(4) { tile, worker in seen.append(tile + 10 * worker) }
      #expect(seen == [0, 1, 2, 3])
      #expect(Schedule.serial.workers == 1)
    }

    /// Helpers take part: a job whose tiles wait for each other ends only if two workers run at the same time.
    @Test func runsConcurrently() {
      let scheduler = Scheduler(workers: 2)
      let arrived = Atomic<Int>(0)
      let deadline = Date().addingTimeInterval(20)
      scheduler.run(2) { _, _ in
        arrived.add(1, ordering: .acquiringAndReleasing)
        while arrived.load(ordering: .acquiring) < 2, Date() < deadline { sched_yield() }
      }
      #expect(Date() < deadline)
    }

    /// The caller sees what a job wrote, in thousands of jobs, with helpers awake or asleep; and no tile runs twice when all
    /// workers claim the last ones at the same time.
    @Test(arguments: [2, 3, 8])
    func manySmallJobs(_ workers: Int) {
      let scheduler = Scheduler(workers: workers)
      let cells = UnsafeMutablePointer<Int>.allocate(capacity: 32)
      defer { cells.deallocate() }
      cells.initialize(repeating: 0, count: 32)
      let runs = Atomic<Int>(0)
      var (wrong, expectedRuns) = (0, 0)
      for job in 1...20_000 {
        let tiles = 2 + job % 15
        scheduler.run(tiles) { tile, _ in
          cells[tile] = job
          runs.add(1, ordering: .relaxed)
        }
        for tile in 0..<tiles where cells[tile] != job { wrong += 1 }
        expectedRuns += tiles
        // Sometimes longer than helpers stay awake.
        if job % 1_000 == 0 { usleep(1_000) }
      }
      #expect(wrong == 0)
      #expect(runs.load(ordering: .acquiring) == expectedRuns)
    }

    @Test(arguments: [2, 8])
    func nested(_ workers: Int) {
      let scheduler = Scheduler(workers: workers)
      for _ in 0..<50 {
        let outer = Witness(tiles: 12, workers: workers)
        let inner = (0..<12).map { _ in Witness(tiles: 7, workers: workers) }
        let innermost = Witness(tiles: 12 * 7 * 3, workers: 12 * 7)
        scheduler.run(12) { tile, worker in
          outer.run(tile: tile, worker: worker)
          scheduler.run(7) { innerTile, innerWorker in
            inner[tile].run(tile: innerTile, worker: innerWorker)
            scheduler.run(3) { last, _ in
              innermost.run(tile: (tile * 7 + innerTile) * 3 + last, worker: tile * 7 + innerTile)
            }
          }
        }
        #expect(outer.saw(everyTile: 1))
        #expect(inner.allSatisfy { $0.saw(everyTile: 1) })
        #expect(innermost.saw(everyTile: 1))
      }
    }

    @Test(arguments: [2, 4])
    func callersOnSeveralThreads(_ workers: Int) {
      let scheduler = Scheduler(workers: workers)
      let wrong = Atomic<Int>(0)
      let group = DispatchGroup()
      for caller in 0..<4 {
        let thread = Thread {
          for job in 0..<400 {
            let tiles = 1 + (job + caller) % 23
            let witness = Witness(tiles: tiles, workers: workers)
            scheduler.run(tiles) { witness.run(tile: $0, worker: $1) }
            if !witness.saw(everyTile: 1) { wrong.add(1, ordering: .relaxed) }
          }
          group.leave()
        }
        group.enter()
        thread.start()
      }
      group.wait()
      #expect(wrong.load(ordering: .acquiring) == 0)
    }

    /// The time alone doubles with every disturbance, up to 64 ms, for jobs of any duration, and calm jobs reset it.
    @Test func timesAlone() {
      let crowding = Crowding()
      var now: UInt64 = 5_000_000_000
      func isAlone(for time: UInt64) -> Bool {
        crowding.isAlone(at: now + time - 1) && !crowding.isAlone(at: now + time)
      }
      func disturb() { crowding.note(perTile: 10_000, waited: 3_000_000, took: 3_100_000, at: now) }
      #expect(!crowding.isAlone(at: now))
      for exponent in 0..<10 {
        disturb()
        #expect(isAlone(for: 1_000_000 << UInt64(min(exponent, 6))))
        now += 100_000_000
      }
      // Waiting for less than 0.3 ms, or for less than eight of one's own tiles, is not a disturbance.
      crowding.note(perTile: 10, waited: 300_000, took: 300_010, at: now)
      crowding.note(perTile: 1_000_000, waited: 8_000_000, took: 9_000_000, at: now)
      #expect(!crowding.isAlone(at: now))
      disturb()
      #expect(isAlone(for: 64_000_000))
      now += 100_000_000
      for _ in 0..<200 { crowding.note(perTile: 10_000, waited: 0, took: 100_000, at: now) }
      disturb()
      #expect(isAlone(for: 1_000_000))
    }

    /// A job that begins alone continues with helpers, and every tile runs once.
    @Test func jobsThatBeginAlone() {
      let crowding = Crowding()
      let scheduler = Scheduler(workers: 3, crowding: crowding)
      for tiles in [2, 3, 17, 400] {
        let witness = Witness(tiles: tiles, workers: 3)
        let now = DispatchTime.now().uptimeNanoseconds
        crowding.note(perTile: 10, waited: 1_000_000, took: 1_000_000, at: now)
        #expect(crowding.isAlone(at: now))
        scheduler.run(tiles) { tile, worker in
          witness.run(tile: tile, worker: worker)
          usleep(20)
        }
        #expect(witness.saw(everyTile: 1))
      }
    }

    /// A scheduler may be released at once. Its helpers end, and then it is deallocated.
    @Test func releasedAfterUse() {
      weak var last: Scheduler?
      for round in 0..<300 {
        let scheduler = Scheduler(workers: 4)
        let witness = Witness(tiles: 9, workers: 4)
        if round % 3 != 0 { scheduler.run(9) { witness.run(tile: $0, worker: $1) } }
        #expect(witness.saw(everyTile: round % 3 == 0 ? 0 : 1))
        last = scheduler
      }
      let deadline = Date().addingTimeInterval(20)
      while last != nil, Date() < deadline { usleep(1_000) }
      #expect(last == nil)
    }
  }
}
