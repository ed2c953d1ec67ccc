// The parts that all suites share: running a kernel with several numbers of workers and guarded outputs, and comparisons.
// Read next: MatMulTests.swift; ApusKernelsReference, the twins.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Foundation
import Synchronization
import Testing

/// All suites of this target. One test runs at a time, because they share the schedulers below: a caller that finds a scheduler
/// busy runs all tiles alone, and then the test would not test the scheduler.
@Suite(.serialized) enum KernelTests {}

/// Half an ulp of 1, the largest relative error of one rounding.
let roundoff = 0x1p-24

/// Whether the processor is emulated, where a run takes thirty times as long and only the instructions are to be tested.
let isEmulated = ProcessInfo.processInfo.environment["APUS_TEST_SCHEDULES"] == "reverse"

/// The schedules that must give the same bits: 1, 2, 3 and 8 workers, and the tiles in reverse order.
///
/// APUS_TEST_SCHEDULES=reverse leaves out those with several workers. It is for emulated processors.
let schedules: [(name: String, schedule: Schedule)] =
  [("1 worker", .serial)]
  + schedulers.map { ("\($0.workers) workers", $0.schedule) }
  + [
    (
      "reverse order",
      Schedule(workers: 5) { tiles, body in
        for tile in (0..<tiles).reversed() { body(tile, (3 * tile + 1) % 5) }
      }
    )
  ]

private let schedulers = (isEmulated ? [] : [2, 3, 8])
  .map { Scheduler(workers: $0) }

/// Floats between two zones that must not be changed. The address is not a multiple of the vector's size.
final class Guarded {
  private static let zone = 67
  private static let sentinel = [UInt32](repeating: 0xABCD_EF01, count: zone)
  private let block: UnsafeMutablePointer<Float>
  private let count: Int

  init(_ initial: [Float]) {
    count = initial.count
    block = .allocate(capacity: count + 2 * Self.zone)
    memcpy(block, Self.sentinel, Self.zone * 4)
    memcpy(block + Self.zone, initial, count * 4)
    memcpy(block + Self.zone + count, Self.sentinel, Self.zone * 4)
  }

  deinit { block.deallocate() }

  var pointer: UnsafeMutablePointer<Float> { block + Self.zone }

  var contents: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  var isIntact: Bool {
    memcmp(block, Self.sentinel, Self.zone * 4) == 0
      && memcmp(pointer + count, Self.sentinel, Self.zone * 4) == 0
  }
}

/// Runs a kernel under every schedule, and expects the same bits each time and nothing written outside the outputs.
///
/// - Parameters:
///   - initial: The contents of the outputs before. Where a kernel must not write gaps, a value that the test looks for.
///   - what: A description for messages.
///   - kernel: Is given pointers to the outputs, which it may also read.
/// - Returns: The contents of the outputs after.
func results(
  into initial: [[Float]], _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation,
  _ kernel: ([UnsafeMutablePointer<Float>], Schedule) -> Void
) -> [[Float]] {
  poisonScratch()
  var first: [[Float]] = []
  for (name, schedule) in schedules {
    let outputs = initial.map { Guarded($0) }
    kernel(outputs.map(\.pointer), schedule)
    if !outputs.allSatisfy(\.isIntact) {
      Issue.record("\(what()), \(name): wrote outside an output", sourceLocation: sourceLocation)
    }
    let contents = outputs.map(\.contents)
    if first.isEmpty {
      first = contents
    } else if !zip(first, contents).allSatisfy({ haveSameBits($0, $1) }) {
      Issue.record("\(what()), \(name): other bits than with 1 worker", sourceLocation: sourceLocation)
    }
  }
  return first
}

/// The same for one output.
func result(
  into initial: [Float], _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation,
  _ kernel: (UnsafeMutablePointer<Float>, Schedule) -> Void
) -> [Float] {
  results(into: [initial], what(), sourceLocation: sourceLocation) { kernel($0[0], $1) }[0]
}

/// The same for one output of `count` elements, all of which the kernel must write: they are NaN before.
func result(
  count: Int, _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation,
  _ kernel: (UnsafeMutablePointer<Float>, Schedule) -> Void
) -> [Float] {
  result(into: [Float](repeating: .nan, count: count), what(), sourceLocation: sourceLocation, kernel)
}

func haveSameBits(_ a: [Float], _ b: [Float]) -> Bool {
  a.count == b.count && memcmp(a, b, a.count * 4) == 0
}

/// Fills the pool's idle blocks with NaN, so that a kernel that reads scratch memory before writing it gives NaN. If there was no
/// request since the last time, the blocks still are NaN.
private func poisonScratch() {
  guard BufferPool.shared.statistics.requests != requestsAtPoison.withLock({ $0 }) else { return }
  let sizes = (6..<20).flatMap { exponent in (4..<8).map { $0 << (exponent - 2) } } + [1 << 20]
  let blocks = (sizes + sizes).map { (BufferPool.shared.take(bytes: $0), $0) }
  for (block, bytes) in blocks { memset(block, 0xFF, bytes) }
  for (block, bytes) in blocks { BufferPool.shared.giveBack(block, bytes: bytes) }
  requestsAtPoison.withLock { $0 = BufferPool.shared.statistics.requests }
}

/// The number of requests to the pool when its blocks were last filled.
private let requestsAtPoison = Mutex(-1)

/// Expects every element to differ from the twin's by at most relative · magnitude + absolute; see `Reference.worstError`.
func expectClose(
  _ actual: [Float], _ expected: [Double], relative: Double = 0, absolute: Double = 0, magnitudes: [Double]? = nil,
  _ what: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation
) {
  let worst = Reference.worstError(
    actual, expected, relative: relative, absolute: absolute, magnitudes: magnitudes)
  if worst.error > 1 || actual.count != expected.count {
    let (a, e) = (actual.indices.contains(worst.index) ? actual[worst.index] : .nan, worst.index)
    Issue.record(
      """
      \(what()): element \(e) of \(actual.count) is \(a), not \
      \(expected.indices.contains(e) ? expected[e] : .nan): \(worst.error) times the allowed error
      """,
      sourceLocation: sourceLocation)
  }
}

/// Expects the same bits as those of the twin in Float.
func expectSame(
  _ actual: [Float], _ expected: [Float], _ what: @autoclosure () -> String,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  if !haveSameBits(actual, expected) {
    let index = zip(actual, expected).enumerated().first { $1.0.bitPattern != $1.1.bitPattern }?.offset ?? -1
    let values = index < 0 ? "" : ": element \(index) is \(actual[index]), not \(expected[index])"
    Issue.record("\(what())\(values)", sourceLocation: sourceLocation)
  }
}

extension KernelSet {
  /// Counts of elements around every edge of loops over vectors, and around the size of a tile (16,384).
  static var countsAroundEdges: [Int] {
    let l = laneCount
    return [0, 1, 2, l - 1, l, l + 1, 2 * l - 1, 2 * l, 2 * l + 1, 4 * l - 1, 4 * l, 4 * l + 1, 5 * l + 3, 97]
      + [16_383, 16_384, 16_385, 50_021]
  }

  /// Shapes whose row lengths are around every edge, and shapes that are cut into several tiles.
  static var rowShapes: [(rows: Int, columns: Int)] {
    let l = laneCount
    let edges = [1, 2, l - 1, l, l + 1, 2 * l + 1, 4 * l - 1, 4 * l, 4 * l + 1, 131]
    return [(0, 7)] + edges.map { (3, $0) } + [(1, 1_000), (67, 509), (5, 20_011), (1_031, 33)]
  }
}

extension [Double] {
  init(_ x: [Float]) { self = Reference.doubles(x) }
}
