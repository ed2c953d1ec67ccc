// Scratch memory for a kernel call, recycled through the pool. Read first: BufferPool.swift.

/// Scratch memory for `count` floats with undefined contents; the kernel that made it calls `free()` at its end.
@frozen
package struct ScratchBuffer {
  package let pointer: UnsafeMutablePointer<Float>
  package let count: Int

  /// Takes the memory from the pool. An empty buffer has a valid address too, so `pointer` is not optional.
  package init(count: Int) {
    self.count = count
    pointer = BufferPool.shared.take(bytes: count * 4).bindMemory(to: Float.self, capacity: count)
  }

  package func free() { BufferPool.shared.giveBack(pointer, bytes: count * 4) }
}
