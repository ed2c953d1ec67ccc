// The tape: the recorded operations in order, as a flat array. The backward pass is one loop from its end.
// Read next: Pullback.swift, ValueAndGradients.swift; Rematerialization.swift, which nests tapes.

import Synchronization

/// A tensor's place on a tape: the number of the tape, and the index of the entry.
struct TapeNode: Sendable, Hashable {
  /// 0 means no tape.
  var tape: UInt32
  var index: Int32

  static let none = TapeNode(tape: 0, index: -1)
}

/// The record of one differentiated computation.
///
/// Each entry stands for a tensor that depends on a tracked one. Entries are in the order of computation, so the inputs
/// of an entry come before it. A walk from the end therefore reaches each entry after all its uses, when its gradient is
/// complete. The array holds closures, which hold the tensors that they need. There is no graph of objects that refer to
/// each other, whose release would recurse and overflow the stack.
///
/// Only the thread that runs the scope can reach its tape (see `Context`), so a tape needs no lock.
final class Tape {
  struct Entry {
    /// The operation, for messages; nil for leaves.
    let name: StaticString?
    var pullbacks: [Pullback]
  }

  /// An input of the computation, for which the backward pass computes a gradient.
  enum LeafKey {
    /// A parameter that was read.
    case variable(Variable)
    /// A tensor on the enclosing tape.
    case outer(TapeNode)
  }

  /// How this tape treats the tensors of an enclosing tape.
  enum Surroundings {
    /// As constants.
    case constants
    /// As leaves, which are added when the tensors are first used.
    case tape(Tape)
    /// As leaves, if a first run used them. Maps the nodes they have where they are used to nodes of the enclosing tape.
    case known([TapeNode: TapeNode])
  }

  /// The number of the newest tape; 0 means no tape.
  private static let lastIdentifier = Atomic<UInt32>(0)

  /// A number that no other tape has. A tensor is on this tape if its node has it.
  let id: UInt32
  private(set) var entries: [Entry] = []
  /// The parameters and outer tensors that were read, in order of first use, with their nodes on this tape.
  private(set) var leaves: [(key: LeafKey, node: TapeNode)] = []
  private var variableNodes: [ObjectIdentifier: TapeNode] = [:]
  private var outerNodes: [TapeNode: TapeNode] = [:]
  /// The outer tensors that were used, and their nodes on the enclosing tape.
  private(set) var captured: [TapeNode: TapeNode] = [:]
  private let surroundings: Surroundings
  /// Whether only the leaves matter. Pullbacks are then dropped at once, with the tensors that they hold.
  private let forgetsPullbacks: Bool

  init(inside surroundings: Surroundings = .constants, forgettingPullbacks: Bool = false) {
    let next = Tape.lastIdentifier.wrappingAdd(1, ordering: .relaxed).newValue
    // After 2³² tapes the numbers begin again, without 0.
    id = next == 0 ? Tape.lastIdentifier.wrappingAdd(1, ordering: .relaxed).newValue : next
    self.surroundings = surroundings
    forgetsPullbacks = forgettingPullbacks
    entries.reserveCapacity(256)
  }

  /// Adds an entry for the result of an operation.
  func record(_ name: StaticString, _ pullbacks: [Pullback]) -> TapeNode {
    entries.append(Entry(name: name, pullbacks: forgetsPullbacks ? [] : pullbacks))
    return TapeNode(tape: id, index: Int32(entries.count - 1))
  }

  /// The leaf of a parameter; the first call adds it.
  func leaf(for variable: Variable) -> TapeNode {
    let identifier = ObjectIdentifier(variable)
    if let node = variableNodes[identifier] { return node }
    let node = addLeaf(.variable(variable))
    variableNodes[identifier] = node
    return node
  }

  private func addLeaf(_ key: LeafKey) -> TapeNode {
    entries.append(Entry(name: nil, pullbacks: []))
    let node = TapeNode(tape: id, index: Int32(entries.count - 1))
    leaves.append((key, node))
    return node
  }

  /// The index of a tensor's entry; nil if the tensor is a constant on this tape.
  @inline(__always)
  func entry(of node: TapeNode) -> Int? {
    if node.tape == id { return Int(node.index) }
    if node == .none { return nil }
    return outerEntry(of: node).map { Int($0.index) }
  }

  private func outerEntry(of node: TapeNode) -> TapeNode? {
    let outer: TapeNode
    switch surroundings {
    case .constants: return nil
    case .known(let nodes):
      guard let node = nodes[node] else { return nil }
      outer = node
    case .tape(let tape):
      guard let index = tape.entry(of: node) else { return nil }
      outer = TapeNode(tape: tape.id, index: Int32(index))
    }
    captured[node] = outer
    if let known = outerNodes[outer] { return known }
    let leaf = addLeaf(.outer(outer))
    outerNodes[outer] = leaf
    return leaf
  }

  /// The gradients of all leaves, given the gradient `seed` of the tensor at `root`. Uses the tape up.
  ///
  /// Pullbacks run without recording. Each entry is dropped when the walk has passed it, so that the memory it held is
  /// used again for the gradients of earlier layers.
  func gradients(of root: TapeNode, seed: Tensor) -> [Tensor?] {
    guard root.tape == id else { return leaves.map { _ in nil } }
    var gradients = [Tensor?](repeating: nil, count: entries.count)
    walkBack(from: root, seed: seed, into: &gradients)
    return leaves.map { gradients[Int($0.node.index)] }
  }

  /// Passes every contribution to a leaf's gradient to `add` as soon as it is computed. Uses the tape up.
  ///
  /// - Parameter add: gets the leaf's position in `leaves`, and the contribution.
  func forEachContribution(from root: TapeNode, seed: Tensor, _ add: (_ leaf: Int, Contribution) -> Void) {
    guard root.tape == id else { return }
    var positions = [Int](repeating: -1, count: entries.count)
    for (position, leaf) in leaves.enumerated() { positions[Int(leaf.node.index)] = position }
    var gradients = [Tensor?](repeating: nil, count: entries.count)
    walkBack(from: root, seed: seed, into: &gradients) { input, contribution in
      if positions[input] < 0 { return false }
      add(positions[input], contribution)
      return true
    }
  }

  /// - Parameter intercept: gets every contribution to an entry's gradient first; returns true to keep it from being added.
  private func walkBack(
    from root: TapeNode, seed: Tensor, into gradients: inout [Tensor?],
    intercept: (_ input: Int, Contribution) -> Bool = { _, _ in false }
  ) {
    require(Int(root.index) < entries.count, "pullback: called a second time (the first call used up the tape)")
    // An enclosing tape may be recording; gradients are constants on it.
    withoutRecording {
      if !intercept(Int(root.index), .whole(seed)) { gradients[Int(root.index)] = seed }
      for index in stride(from: Int(root.index), through: 0, by: -1) where !entries[index].pullbacks.isEmpty {
        if let gradient = gradients[index] {
          gradients[index] = nil
          let operation = entries[index].name ?? "pullback"
          for pullback in entries[index].pullbacks {
            pullback.run(gradient, of: operation) { input, contribution in
              if !intercept(input, contribution) { contribution.add(to: &gradients[input]) }
            }
          }
        }
        entries[index].pullbacks = []
      }
      entries = []
    }
  }
}
