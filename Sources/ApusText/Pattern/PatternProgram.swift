// Compiles a regular expression to a small program, and runs it on bytes. Read first: PatternParser.swift.
// Read next: TextPattern.swift.

import ApusBase

/// A program that matches a pattern at one position of a text, with backtracking.
///
/// A state consists of an instruction and a position only, because there are no captures. A state that has failed once
/// will therefore fail again. After many attempts, a match starts to remember the states it has tried, which avoids
/// exponential time. States inside lookarounds and atomic groups are not remembered.
struct PatternProgram: Sendable {
  private enum Instruction: Sendable {
    case set(Int)
    /// A repeated set, the most frequent element of tokenizer patterns.
    case run(set: Int, count: ClosedRange<Int>, PatternRepeat)
    /// Tries several branches in order.
    case choose(Int)
    case jump(Int)
    /// A lookaround: the instructions from the next one to `accept` must match here (or must not). Execution continues
    /// at `end`.
    case look(stepsBack: Int, isNegated: Bool, end: Int)
    case atomic(end: Int)
    case assertion(PatternAssertion)
    case accept
  }

  /// A branch of a choice, and the ASCII characters that it can begin with.
  private struct Branch: Sendable {
    var start: Int
    var ascii: (low: UInt64, high: UInt64)
    /// Whether the pattern can match the empty string, so that a match can begin at any character.
    var isOpen: Bool
  }

  private var instructions: [Instruction] = []
  private var sets: [ScalarSet] = []
  private var branches: [[Branch]] = []

  /// Compiles a syntax tree.
  ///
  /// - Throws: if there are too many repetitions.
  init(_ node: PatternNode) throws(PatternError) {
    try add(node)
    instructions.append(.accept)
  }

  // MARK: Translation

  private mutating func add(_ node: PatternNode) throws(PatternError) {
    if instructions.count > 10_000 { throw PatternError(position: 0, message: "more than 10,000 repetitions") }
    switch node {
    case .set(let set): instructions.append(.set(number(of: set)))
    case .sequence(let nodes): for node in nodes { try add(node) }
    case .alternatives(let nodes): try addBranches(nodes.map { [$0] })
    case .assertion(let assertion): instructions.append(.assertion(assertion))
    case .look(let inner, let isBehind, let isNegated):
      let place = instructions.count
      instructions.append(.accept)
      try add(inner)
      instructions.append(.accept)
      let steps = isBehind ? inner.width.lowerBound : 0
      instructions[place] = .look(stepsBack: steps, isNegated: isNegated, end: instructions.count)
    case .atomic(let inner):
      let place = instructions.count
      instructions.append(.accept)
      try add(inner)
      instructions.append(.accept)
      instructions[place] = .atomic(end: instructions.count)
    case .repeated(.set(let set), let count, let mode):
      instructions.append(.run(set: number(of: set), count: count, mode))
    case .repeated(let inner, let count, .possessive):
      try add(.atomic(.repeated(inner, count, .greedy)))
    case .repeated(let inner, let count, let mode):
      for _ in 0..<count.lowerBound { try add(inner) }
      if count.upperBound == Int.max {
        // A choice: the repeated part and a jump back here, or on.
        let place = instructions.count
        try addBranches(mode == .greedy ? [[inner], []] : [[], [inner]], loopingTo: place)
      } else {
        for _ in count.lowerBound..<count.upperBound {
          try addBranches(mode == .greedy ? [[inner], []] : [[], [inner]])
        }
      }
    }
  }

  private mutating func number(of set: ScalarSet) -> Int {
    sets.append(set.prepared())
    return sets.count - 1
  }

  /// Compiles alternatives. Non-empty ones jump to `loop`, if it is given; all others jump to the end.
  private mutating func addBranches(_ nodes: [[PatternNode]], loopingTo loop: Int? = nil) throws(PatternError) {
    let choice = branches.count
    branches.append([])
    instructions.append(.choose(choice))
    var jumps: [Int] = []
    for node in nodes {
      let (ascii, isOpen) = PatternProgram.beginning(node)
      branches[choice].append(Branch(start: instructions.count, ascii: ascii, isOpen: isOpen))
      for part in node { try add(part) }
      if let loop, !node.isEmpty {
        instructions.append(.jump(loop))
      } else {
        jumps.append(instructions.count)
        instructions.append(.jump(0))
      }
    }
    for jump in jumps { instructions[jump] = .jump(instructions.count) }
  }

  /// The ASCII characters that a sequence of nodes can begin with, and whether it can match the empty string.
  private static func beginning(_ nodes: [PatternNode]) -> (ascii: (low: UInt64, high: UInt64), isOpen: Bool) {
    var ascii: (low: UInt64, high: UInt64) = (0, 0)
    for node in nodes {
      let first: ((low: UInt64, high: UInt64), Bool)
      switch node {
      case .set(let set): first = (set.prepared().ascii, false)
      case .sequence(let parts): first = beginning(parts)
      case .alternatives(let parts):
        let all = parts.map { beginning([$0]) }
        first = (
          all.reduce((0, 0)) { ($0.0 | $1.ascii.low, $0.1 | $1.ascii.high) }, all.contains { $0.isOpen }
        )
      case .repeated(let inner, let count, _):
        let one = beginning([inner])
        first = (one.ascii, one.isOpen || count.lowerBound == 0)
      case .atomic(let inner): first = beginning([inner])
      case .look, .assertion: first = ((0, 0), true)
      }
      ascii = (ascii.low | first.0.low, ascii.high | first.0.high)
      if !first.1 { return (ascii, false) }
    }
    return (ascii, true)
  }

  // MARK: Matching

  /// A state for backtracking. If `least` is less than `position`, it represents all positions in between, one scalar
  /// apart.
  fileprivate struct State {
    var instruction: Int
    var position: Int
    var least: Int
    /// For lazy runs: the set that may match further scalars, and how many.
    var lazySet = -1
    var rest = 0
  }

  /// Working memory, which is reused between matches.
  struct Workspace {
    fileprivate var stack: [State] = []
    fileprivate var tries = 0
    fileprivate var seen: Set<UInt64> = []
  }

  /// The end of the match that begins at `position`, in the text between `start` and `end`; nil if there is none.
  func match(
    _ bytes: UnsafePointer<UInt8>, at position: Int, from start: Int, to end: Int, _ workspace: inout Workspace
  ) -> Int? {
    workspace.tries = 0
    if !workspace.seen.isEmpty { workspace.seen.removeAll() }
    return run(0, bytes, position, start, end, &workspace, isOutermost: true)
  }

  private func run(
    _ first: Int, _ bytes: UnsafePointer<UInt8>, _ from: Int, _ start: Int, _ end: Int, _ workspace: inout Workspace,
    isOutermost: Bool = false
  ) -> Int? {
    let floor = workspace.stack.count
    defer { workspace.stack.removeLast(workspace.stack.count - floor) }
    var (pc, position) = (first, from)
    while true {
      var isAlive = true
      switch instructions[pc] {
      case .accept: return position
      case .set(let set):
        isAlive = false
        if position < end {
          let (value, length) = decodeScalar(bytes, at: position)
          if sets[set].contains(value) { (isAlive, position, pc) = (true, position + length, pc + 1) }
        }
      case .run(let set, let count, let mode):
        isAlive = repeatSet(set, count, mode, bytes, &position, end, pc + 1, &workspace)
        pc += 1
      case .jump(let target): pc = target
      case .choose(let choice):
        let byte = position < end ? bytes[position] : 0
        var chosen = -1
        for branch in branches[choice].reversed() {
          let fits: Bool
          if branch.isOpen {
            fits = true
          } else if position >= end {
            fits = false
          } else {
            fits =
              byte >= 0x80
              || (byte < 64 ? branch.ascii.low >> UInt64(byte) : branch.ascii.high >> UInt64(byte - 64)) & 1 != 0
          }
          guard fits else { continue }
          if chosen >= 0 {
            workspace.stack.append(State(instruction: chosen, position: position, least: position))
          }
          chosen = branch.start
        }
        if chosen >= 0 { pc = chosen } else { isAlive = false }
      case .look(let steps, let isNegated, let target):
        var place: Int? = position
        for _ in 0..<steps {
          guard let current = place, current > start else {
            place = nil
            break
          }
          place = decodeScalar(bytes, before: current).start
        }
        let found = place.flatMap { run(pc + 1, bytes, $0, start, end, &workspace) }
        if (found == nil) == isNegated { pc = target } else { isAlive = false }
      case .atomic(let target):
        if let stop = run(pc + 1, bytes, position, start, end, &workspace) {
          (position, pc) = (stop, target)
        } else {
          isAlive = false
        }
      case .assertion(let assertion):
        if holds(assertion, bytes, position, start, end) { pc += 1 } else { isAlive = false }
      }
      if !isAlive {
        guard let state = resume(bytes, end, floor, &workspace, remembers: isOutermost) else { return nil }
        (pc, position) = state
      }
    }
  }

  private func repeatSet(
    _ set: Int, _ count: ClosedRange<Int>, _ mode: PatternRepeat, _ bytes: UnsafePointer<UInt8>, _ position: inout Int,
    _ end: Int, _ next: Int, _ workspace: inout Workspace
  ) -> Bool {
    var (number, least) = (0, position)
    let most = mode == .lazy ? count.lowerBound : count.upperBound
    while number < most, position < end {
      let (value, length) = decodeScalar(bytes, at: position)
      if !sets[set].contains(value) { break }
      position += length
      number += 1
      if number == count.lowerBound { least = position }
    }
    guard number >= count.lowerBound else { return false }
    if mode == .greedy, position > least {
      workspace.stack.append(State(instruction: next, position: position, least: least))
    } else if mode == .lazy, count.upperBound > number {
      workspace.stack.append(
        State(instruction: next, position: position, least: position, lazySet: set, rest: count.upperBound - number))
    }
    return true
  }

  /// Takes states from the stack until one has not been tried before.
  private func resume(
    _ bytes: UnsafePointer<UInt8>, _ end: Int, _ floor: Int, _ workspace: inout Workspace, remembers: Bool
  ) -> (Int, Int)? {
    while workspace.stack.count > floor, var state = workspace.stack.popLast() {
      if state.lazySet >= 0 {
        guard state.position < end else { continue }
        let (value, length) = decodeScalar(bytes, at: state.position)
        guard sets[state.lazySet].contains(value) else { continue }
        state.position += length
        state.rest -= 1
        if state.rest > 0 { workspace.stack.append(state) }
      } else if state.least < state.position {
        state.position = decodeScalar(bytes, before: state.position).start
        if state.least < state.position { workspace.stack.append(state) }
      }
      // States inside a lookaround or an atomic group are not remembered, because they may have succeeded.
      workspace.tries += 1
      if remembers, workspace.tries > 1000 {
        let key = UInt64(state.instruction) << 40 | UInt64(state.position)
        guard workspace.seen.insert(key).inserted else { continue }
      }
      return (state.instruction, state.position)
    }
    return nil
  }

  private static let word = ScalarSet.word.prepared()

  private func holds(
    _ assertion: PatternAssertion, _ bytes: UnsafePointer<UInt8>, _ position: Int, _ start: Int, _ end: Int
  ) -> Bool {
    switch assertion {
    case .textStart: return position == start
    case .textEnd: return position == end
    case .lineStart: return position == start || bytes[position - 1] == 0x0A
    case .lineEnd: return position == end || bytes[position] == 0x0A
    case .wordBoundary, .noWordBoundary:
      let word = PatternProgram.word
      let before = position > start && word.contains(decodeScalar(bytes, before: position).value)
      let after = position < end && word.contains(decodeScalar(bytes, at: position).value)
      return (before != after) == (assertion == .wordBoundary)
    }
  }
}
