// The pool: blocks are aligned, large enough and not much larger, recycled, and counted.
// Read first: ApusKernelTypes/Memory/BufferPool.swift.

import ApusKernelTypes
import Dispatch
import Foundation
import Synchronization
import Testing

extension KernelTests {
  @Suite struct BufferPoolTests {
    /// Request sizes around every boundary between size classes up to 4 MiB.
    private let requests: [Int] =
      [0, 1, 3]
      + (6..<22).flatMap { exponent in
        (4..<8).flatMap { quarter in [-1, 0, 1].map { (quarter << (exponent - 2)) + $0 } }
      }

    @Test func sizesAndAlignment() {
      let pool = BufferPool()
      for bytes in requests {
        let block = pool.take(bytes: bytes)
        let size = pool.statistics.inUse
        #expect(UInt(bitPattern: block) % 64 == 0, "\(bytes) bytes")
        #expect(size >= max(bytes, 1), "\(bytes) bytes")
        // At most a quarter more than whole cache lines.
        #expect(size <= max((bytes + 63) / 64 * 64 * 5 / 4, 64), "\(bytes) bytes")
        memset(block, 0x5A, size)
        pool.giveBack(block, bytes: bytes)
        #expect(pool.statistics.inUse == 0)
      }
      pool.trim()
    }

    @Test func blocksAreUsedAgain() {
      let pool = BufferPool()
      let first = pool.take(bytes: 1_000)
      let second = pool.take(bytes: 1_000)
      #expect(first != second)
      pool.giveBack(first, bytes: 1_000)
      #expect(pool.take(bytes: 1_000) == first)
      // A request of another size class, and one of another size in the same class, 1,024 bytes.
      #expect(pool.statistics.idle == 0)
      let third = pool.take(bytes: 5_000)
      pool.giveBack(second, bytes: 1_000)
      #expect(pool.take(bytes: 1_020) == second)
      for (block, bytes) in [(first, 1_000), (second, 1_020), (third, 5_000)] { pool.giveBack(block, bytes: bytes) }
      pool.trim()
    }

    @Test func statistics() {
      let pool = BufferPool()
      let (a, b) = (pool.take(bytes: 128), pool.take(bytes: 256))
      #expect(pool.statistics.inUse == 384)
      pool.giveBack(a, bytes: 128)
      #expect(pool.statistics.inUse == 256)
      #expect(pool.statistics.idle == 128)
      #expect(pool.statistics.peak == 384)
      #expect(pool.statistics.misses == 2)
      pool.giveBack(pool.take(bytes: 100), bytes: 100)
      #expect(pool.statistics.misses == 2)
      pool.resetPeak()
      #expect(pool.statistics.peak == 256)
      pool.giveBack(b, bytes: 256)
      #expect(pool.statistics.idle == 384)
      pool.trim()
      #expect(pool.statistics.idle == 0)
      #expect(pool.statistics.inUse == 0)
      #expect(pool.statistics.peak == 256)
    }

    /// Blocks in use never overlap: each thread reads back what it wrote.
    @Test func severalThreads() {
      let pool = BufferPool()
      let wrong = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: 8) { thread in
        for round in 0..<500 {
          let bytes = 64 * (1 + round % 7)
          let block = pool.take(bytes: bytes)
          memset(block, Int32(thread + 1), bytes)
          let other = pool.take(bytes: bytes)
          memset(other, Int32(thread + 101), bytes)
          let values = block.assumingMemoryBound(to: UInt8.self)
          if values[0] != thread + 1 || values[bytes - 1] != thread + 1 { wrong.add(1, ordering: .relaxed) }
          pool.giveBack(block, bytes: bytes)
          pool.giveBack(other, bytes: bytes)
        }
      }
      #expect(wrong.load(ordering: .acquiring) == 0)
      #expect(pool.statistics.inUse == 0)
      pool.trim()
    }

    /// Scratch memory goes back to the pool. (Other tests use the same pool at the same time, but not gigabytes of it.)
    @Test func scratch() {
      let before = BufferPool.shared.statistics.inUse
      for _ in 0..<64 {
        let empty = ScratchBuffer(count: 0)
        let scratch = ScratchBuffer(count: 16 << 20)
        #expect(scratch.count == 16 << 20)
        scratch.pointer[0] = 1
        scratch.pointer[scratch.count - 1] = 2
        scratch.free()
        empty.free()
      }
      #expect(BufferPool.shared.statistics.inUse < before + 1 << 30)
    }
  }
}
