// The tape: what was computed, in order, as a flat array; the backward pass is one loop from its end.
// Read next: Pullback.swift, ValueAndGradients.swift; Rematerialization.swift, tapes inside tapes.

import ApusBase
import Synchronization

/// A tensor's place on a tape: which tape, and which entry.
struct TapeNode: Sendable, Hashable {
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

  /// What gradients are taken with respect to.
  enum LeafKey {
    /// A parameter that was read.
    case variable(Variable)
    /// A tensor on the tape around this one.
    case outer(TapeNode)
  }

  /// Tensors of the tape around this one: constants, unless a part of a computation has a tape of its own.
  enum Surroundings {
    case constants
    /// They become leaves when they are used.
    case tape(Tape)
    /// They are known already: what they are there, by what they are when they are used.
    case known([TapeNode: TapeNode])
  }

  /// The last number given to a tape; 0 means no tape.
  private static let lastIdentifier = Atomic<UInt32>(0)

  /// A number of its own, by which tensors know whether they are on it.
  let id: UInt32
  private(set) var entries: [Entry] = []
  /// The parameters and outer tensors that were read, in order of first use, with their entries.
  private(set) var leaves: [(key: LeafKey, node: TapeNode)] = []
  private var variableNodes: [ObjectIdentifier: TapeNode] = [:]
  private var outerNodes: [TapeNode: TapeNode] = [:]
  /// What outer tensors that were used are on the tape around this one.
  private(set) var captured: [TapeNode: TapeNode] = [:]
  private let surroundings: Surroundings
  /// Whether only the leaves are of interest: pullbacks are dropped, and with them what they would keep.
  private let forgetsPullbacks: Bool

  init(inside surroundings: Surroundings = .constants, forgettingPullbacks: Bool = false) {
    id = Tape.lastIdentifier.wrappingAdd(1, ordering: .relaxed).newValue
    self.surroundings = surroundings
    forgetsPullbacks = forgettingPullbacks
    entries.reserveCapacity(256)
  }

  /// Adds an entry for an operation's result.
  func record(_ name: StaticString, _ pullbacks: [Pullback]) -> TapeNode {
    entries.append(Entry(name: name, pullbacks: forgetsPullbacks ? [] : pullbacks))
    return TapeNode(tape: id, index: Int32(entries.count - 1))
  }

  /// The entry of a parameter; the first call makes it.
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

  /// The entry of a tensor; nil if it is a constant here.
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

  /// The gradients of all leaves when the tensor at `root` has gradient `seed`. Uses the tape up.
  ///
  /// Pullbacks run outside the scope of the tape, or they would record themselves. Entries are dropped as they are
  /// passed, so that what they kept for the backward is recycled for the gradients of earlier layers.
  func gradients(of root: TapeNode, seed: Tensor) -> [Tensor?] {
    guard root.tape == id else { return leaves.map { _ in nil } }
    var gradients = [Tensor?](repeating: nil, count: entries.count)
    walkBack(from: root, seed: seed, into: &gradients)
    return leaves.map { gradients[Int($0.node.index)] }
  }

  /// Hands every contribution to a leaf's gradient to `add`, with the leaf's position, when it arises. Uses the tape up.
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

  /// - Parameter intercept: gets every contribution to an entry's gradient first; true if it has taken it.
  private func walkBack(
    from root: TapeNode, seed: Tensor, into gradients: inout [Tensor?],
    intercept: (_ input: Int, Contribution) -> Bool = { _, _ in false }
  ) {
    require(Int(root.index) < entries.count, "pullback: called a second time (the first call used the tape up)")
    // Another tape may be running around this one: gradients are constants for it.
    withoutRecording {
      if !intercept(Int(root.index), .whole(seed)) { gradients[Int(root.index)] = seed }
      for index in stride(from: Int(root.index), through: 0, by: -1) where !entries[index].pullbacks.isEmpty {
        if let gradient = gradients[index] {
          gradients[index] = nil
          for pullback in entries[index].pullbacks {
            pullback.run(gradient) { input, contribution in
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
