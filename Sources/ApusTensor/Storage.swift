// The memory behind tensors: aligned, shared by reference, recycled.
// Read first: ApusKernelTypes/Memory/BufferPool.swift. Read next: Workspace.swift.

import ApusBase
import ApusKernelTypes
import Synchronization

/// A block of floats that tensors share; its last owner returns it to the pool.
///
/// Sendable although it is mutable memory: it is written only while it has a single owner (at creation, and in the
/// in-place operations, which check).
final class Storage: @unchecked Sendable {
  let elements: UnsafeMutablePointer<Float>
  let count: Int
  /// What owns the memory, if not the pool: a memory-mapped file, or the storage of which this is another view.
  private let owner: AnyObject?
  /// Whether there is no memory: of the tensor only the shape counts so far.
  let isPlaceholder: Bool
  /// The same elements once more in the order in which products read them, if they were asked for.
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

  /// Memory that belongs to `owner`, which is kept alive; it is never written.
  init(borrowing elements: UnsafePointer<Float>, count: Int, from owner: AnyObject, panels: WeightPanels? = nil) {
    self.count = count
    self.panels = panels
    self.owner = owner
    isPlaceholder = false
    self.elements = UnsafeMutablePointer(mutating: elements)
  }

  /// What all placeholders share: no elements, for any shape.
  static let placeholder = Storage()

  private init() {
    count = 0
    (owner, panels, isPlaceholder) = (nil, nil, true)
    elements = .allocate(capacity: 1)
  }

  var isBorrowed: Bool { owner != nil }

  #if DEBUG
    private static let counter = Atomic<Int>(0)
    /// How many storages have been made with memory of their own: for tests of what must not make any.
    static var made: Int { counter.load(ordering: .relaxed) }
  #endif

  deinit {
    if owner == nil { BufferPool.shared.giveBack(elements, bytes: count * 4) }
    (owner as? any LentMemory)?.isReturned(UnsafeRawPointer(elements), byteCount: count * 4)
  }
}
