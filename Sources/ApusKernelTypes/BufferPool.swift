// Recycled, 64-byte aligned memory for tensors and for the scratch of kernels.
// Read next: ApusTensor/Storage.swift, which owns such a block for a tensor's lifetime.

import ApusBase
import Foundation

/// Hands out aligned blocks of memory and keeps returned ones for the next request of their size class.
///
/// A training step asks for the same sizes again and again: after the first step nothing is allocated from
/// the system, and no page is faulted in anew (a fresh 4 MiB block costs about 1,000 page faults, more than
/// the arithmetic on it). Size classes are powers of two with three steps between (at most 25 % is unused).
package final class BufferPool: Sendable {
  package static let shared = BufferPool()

  /// A cache line, and the widest vector.
  package static let alignment = 64

  /// What has been taken from the system, in bytes.
  package struct Statistics: Sendable {
    /// Bytes in use now.
    package var inUse = 0
    /// The largest value that `inUse` has had.
    package var peak = 0
    /// Bytes kept for later requests.
    package var idle = 0
    /// How many requests there were.
    package var requests = 0
    /// How many of them found no idle block of their class, so that the system was asked for one.
    package var misses = 0
  }

  private struct State {
    var idle: [[UInt]] = Array(repeating: [], count: 256)
    var statistics = Statistics()
  }

  // (NSLock, not the standard library's Mutex: the thread sanitizer knows the one and reports races inside the other.)
  private let lock = NSLock()
  private nonisolated(unsafe) var state = State()

  package init() {}

  package var statistics: Statistics { lock.withLock { state.statistics } }

  /// Starts a new measurement of the peak.
  package func resetPeak() { lock.withLock { state.statistics.peak = state.statistics.inUse } }

  /// A block of at least `bytes` bytes, 64-byte aligned, with undefined contents.
  package func take(bytes: Int) -> UnsafeMutableRawPointer {
    let sizeClass = Self.sizeClass(for: bytes)
    let size = Self.size(ofClass: sizeClass)
    let recycled = lock.withLock { () -> UInt? in
      state.statistics.requests += 1
      state.statistics.inUse += size
      state.statistics.peak = max(state.statistics.peak, state.statistics.inUse)
      guard let address = state.idle[sizeClass].popLast() else {
        state.statistics.misses += 1
        return nil
      }
      state.statistics.idle -= size
      return address
    }
    if let recycled, let block = UnsafeMutableRawPointer(bitPattern: recycled) { return block }
    var block: UnsafeMutableRawPointer?
    guard posix_memalign(&block, Self.alignment, size) == 0, let block else {
      stop("out of memory: a buffer of \(size) bytes")
    }
    return block
  }

  /// Takes back a block that `take(bytes:)` gave for the same number of bytes.
  package func giveBack(_ block: UnsafeMutableRawPointer, bytes: Int) {
    let sizeClass = Self.sizeClass(for: bytes)
    let size = Self.size(ofClass: sizeClass)
    lock.withLock {
      state.idle[sizeClass].append(UInt(bitPattern: block))
      state.statistics.inUse -= size
      state.statistics.idle += size
    }
  }

  /// Returns all idle blocks to the system, for example after a large model was released.
  package func trim() {
    let blocks = lock.withLock { () -> [UInt] in
      let blocks = state.idle.flatMap { $0 }
      for index in state.idle.indices { state.idle[index].removeAll() }
      state.statistics.idle = 0
      return blocks
    }
    for block in blocks { free(UnsafeMutableRawPointer(bitPattern: block)) }
  }

  /// The class of a request: four classes for every power of two from 64 bytes on.
  static func sizeClass(for bytes: Int) -> Int {
    let units = max(1, (bytes + alignment - 1) / alignment)
    if units <= 4 { return units - 1 }
    let exponent = Int.bitWidth - 1 - (units - 1).leadingZeroBitCount
    let quarter = ((units - 1) >> (exponent - 2)) & 3
    return (exponent - 1) * 4 + quarter
  }

  /// The bytes of a class's blocks.
  static func size(ofClass sizeClass: Int) -> Int {
    if sizeClass < 4 { return (sizeClass + 1) * alignment }
    let exponent = sizeClass / 4 + 1
    let quarter = sizeClass % 4
    return (5 + quarter) << (exponent - 2) * alignment
  }
}
