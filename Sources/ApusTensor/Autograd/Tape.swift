// The tape: what was computed, in order, as a flat array; the backward pass is one loop from its end.
// Read next: Pullback.swift, ValueAndGradients.swift.

import Synchronization

/// A tensor's place on a tape: which tape, and which entry.
struct TapeNode: Sendable, Equatable {
  /// 0: no tape.
  var tape: UInt32
  var index: Int32

  static let none = TapeNode(tape: 0, index: -1)
}

/// The record of one differentiated computation.
///
/// An entry is a tensor that depends on a tracked one. Entries stand in the order of computation, so every entry's inputs
/// stand before it: walking backwards meets each entry after all its uses, with its gradient complete. The array holds
/// closures that hold the tensors they need; there is no graph of references, whose release would recurse.
///
/// A tape belongs to the task that opened it; operations record on it one at a time.
final class Tape: @unchecked Sendable {
  struct Entry {
    /// The operation, for messages; nil for what gradients are taken with respect to.
    let name: StaticString?
    var pullbacks: [Pullback]
  }

  /// The last number given to a tape; 0 means no tape.
  private static let lastIdentifier = Atomic<UInt32>(0)

  /// A number of its own, by which tensors know whether they are on it.
  let id: UInt32
  private(set) var entries: [Entry] = []
  /// The parameters that were read, in order of first use, with their entries.
  private(set) var leaves: [(key: AnyObject, node: TapeNode)] = []
  private var leafNodes: [ObjectIdentifier: TapeNode] = [:]

  init() {
    id = Tape.lastIdentifier.wrappingAdd(1, ordering: .relaxed).newValue
    entries.reserveCapacity(256)
  }

  /// Adds an entry for an operation's result.
  func record(_ name: StaticString, _ pullbacks: [Pullback]) -> TapeNode {
    entries.append(Entry(name: name, pullbacks: pullbacks))
    return TapeNode(tape: id, index: Int32(entries.count - 1))
  }

  /// The entry of something that gradients are wanted for; the first call makes it.
  func leaf(for key: AnyObject) -> TapeNode {
    let identifier = ObjectIdentifier(key)
    if let node = leafNodes[identifier] { return node }
    entries.append(Entry(name: nil, pullbacks: []))
    let node = TapeNode(tape: id, index: Int32(entries.count - 1))
    leafNodes[identifier] = node
    leaves.append((key, node))
    return node
  }

  /// The gradients of all leaves when the tensor at `root` has gradient `seed`. Uses the tape up.
  ///
  /// Pullbacks run outside the scope of the tape, or they would record themselves. Entries are dropped as they are
  /// passed, so that what they kept for the backward is recycled for the gradients of earlier layers.
  func gradients(of root: TapeNode, seed: Tensor) -> [Tensor?] {
    guard root.tape == id else { return leaves.map { _ in nil } }
    require(Int(root.index) < entries.count, "pullback: called a second time (the first call used the tape up)")
    // Another tape may be running around this one: gradients are constants for it.
    return withoutRecording { walkBack(from: root, seed: seed) }
  }

  private func walkBack(from root: TapeNode, seed: Tensor) -> [Tensor?] {
    var gradients = [Tensor?](repeating: nil, count: entries.count)
    gradients[Int(root.index)] = seed
    var index = Int(root.index)
    while index >= 0 {
      if !entries[index].pullbacks.isEmpty {
        if let gradient = gradients[index] {
          gradients[index] = nil
          for pullback in entries[index].pullbacks { pullback.run(gradient, into: &gradients) }
        }
        entries[index].pullbacks = []
      }
      index -= 1
    }
    let result = leaves.map { gradients[Int($0.node.index)] }
    entries = []
    return result
  }
}
