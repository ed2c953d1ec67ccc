// Recycled, 64-byte aligned memory for tensors and for the scratch memory of kernels.
// Read next: ScratchBuffer.swift; ApusTensor/Storage.swift, which owns such a block for a tensor's lifetime.

import ApusBase
import Foundation

/// A pool of aligned memory blocks, which keeps returned blocks for the next request of their size class.
///
/// A training step asks for the same sizes again and again. So after the first step nothing is allocated from the system, and
/// there are no new page faults (a fresh 4 MiB block costs about 1,000 of them, more than the arithmetic on it). There are
/// four size classes for every power of two, so at most 25 % of a block is unused.
package final class BufferPool: Sendable {
  package static let shared = BufferPool()

  /// The alignment of every block in bytes: a cache line, and the widest vector.
  package static let alignment = 64

  /// The use of the pool.
  package struct Statistics: Sendable {
    /// Bytes in use now.
    package var inUse = 0
    /// The largest value that `inUse` has had.
    package var peak = 0
    /// Bytes kept for later requests.
    package var idle = 0
    /// The number of requests so far.
    package var requests = 0
    /// The number of requests that found no idle block of their class, so that the system allocated one.
    package var misses = 0
  }

  private struct State {
    var idle: [[UInt]] = Array(repeating: [], count: 256)
    var statistics = Statistics()
  }

  // NSLock rather than the standard library's Mutex: the thread sanitizer reports races inside the Mutex.
  private let lock = NSLock()
  private nonisolated(unsafe) var state = State()

  package init() {}

  package var statistics: Statistics { lock.withLock { state.statistics } }

  /// Sets the peak to what is in use now.
  package func resetPeak() { lock.withLock { state.statistics.peak = state.statistics.inUse } }

  /// Takes a block of at least `bytes` bytes, 64-byte aligned, with undefined contents.
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

  /// Returns a block to the pool; `bytes` is the number that `take(bytes:)` was called with.
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

  /// The size class of a request: four classes for every power of two from 64 bytes on.
  static func sizeClass(for bytes: Int) -> Int {
    let units = max(1, (bytes + alignment - 1) / alignment)
    if units <= 4 { return units - 1 }
    let exponent = Int.bitWidth - 1 - (units - 1).leadingZeroBitCount
    let quarter = ((units - 1) >> (exponent - 2)) & 3
    return (exponent - 1) * 4 + quarter
  }

  /// The size of a class's blocks in bytes.
  static func size(ofClass sizeClass: Int) -> Int {
    if sizeClass < 4 { return (sizeClass + 1) * alignment }
    let exponent = sizeClass / 4 + 1
    let quarter = sizeClass % 4
    return (5 + quarter) << (exponent - 2) * alignment
  }
}
