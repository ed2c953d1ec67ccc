// The memory behind tensors: aligned, shared by reference, recycled.
// Read first: ApusKernelTypes/BufferPool.swift. Read next: Workspace.swift.

import ApusKernelTypes
import Synchronization

/// A block of floats that tensors share; its last owner returns it to the pool.
///
/// It is Sendable although its memory is mutable: it is written only while it has a single owner, which is at creation
/// and in the in-place operations, which check.
final class Storage: @unchecked Sendable {
  let elements: UnsafeMutablePointer<Float>
  let count: Int
  /// The owner of the memory if it is not the pool: a memory-mapped file, or the storage that this one is a view of.
  private let owner: AnyObject?
  /// Whether there is no memory yet: only the tensor's shape is known.
  let isPlaceholder: Bool
  /// A copy of the elements in the order in which matrix products read them, if one was asked for.
  let panels: WeightPanels?

  /// Memory from the pool, with undefined contents.
  init(count: Int) {
    self.count = count
    (owner, panels, isPlaceholder) = (nil, nil, false)
    elements = BufferPool.shared.take(bytes: count * 4).bindMemory(to: Float.self, capacity: count)
    #if DEBUG
      Storage.counter.add(1, ordering: .relaxed)
    #endif
  }

  /// Memory that belongs to `owner`, which this storage keeps alive. It is never written.
  init(borrowing elements: UnsafePointer<Float>, count: Int, from owner: AnyObject, panels: WeightPanels? = nil) {
    self.count = count
    self.panels = panels
    self.owner = owner
    isPlaceholder = false
    self.elements = UnsafeMutablePointer(mutating: elements)
  }

  /// The storage without elements that all placeholders share, whatever their shape.
  static let placeholder = Storage()

  private init() {
    count = 0
    (owner, panels, isPlaceholder) = (nil, nil, true)
    elements = .allocate(capacity: 1)
  }

  var isBorrowed: Bool { owner != nil }

  #if DEBUG
    private static let counter = Atomic<Int>(0)
    /// The number of storages made with memory from the pool; tests check that some code makes none.
    static var made: Int { counter.load(ordering: .relaxed) }
  #endif

  deinit {
    if owner == nil { BufferPool.shared.giveBack(elements, bytes: count * 4) }
    (owner as? any LentMemory)?.isReturned(UnsafeRawPointer(elements), byteCount: count * 4)
  }
}

/// An owner that lends memory to tensors and is told when one of them gives it back, such as a memory-mapped file.
package protocol LentMemory: AnyObject {
  /// Called when a borrower of this memory is gone; others may remain.
  func isReturned(_ start: UnsafeRawPointer, byteCount: Int)
}
