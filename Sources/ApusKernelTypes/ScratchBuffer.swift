// Scratch memory of a kernel call, recycled through the pool. Read first: BufferPool.swift.

/// Floats for the duration of a kernel; free it where the kernel ends.
@frozen
package struct ScratchBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// An empty buffer has a valid address too, which spares its users an optional.
  package init(count: Int) {
    self.count = count
    pointer = BufferPool.shared.take(bytes: count * 4).bindMemory(to: Float.self, capacity: count)
  }

  package func free() { BufferPool.shared.giveBack(pointer, bytes: count * 4) }
}
