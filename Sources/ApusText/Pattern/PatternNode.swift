// The syntax tree of a regular expression. Read first: ScalarSet.swift.
// Read next: PatternParser.swift, which builds it, and PatternProgram.swift, which compiles and runs it.

/// A node of the syntax tree.
indirect enum PatternNode: Sendable {
  case set(ScalarSet)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  /// A repetition: greedy, lazy, or possessive (greedy without giving anything back).
  case repeated(PatternNode, ClosedRange<Int>, PatternRepeat)
  case look(PatternNode, isBehind: Bool, isNegated: Bool)
  /// An atomic group: once it has matched, there is no backtracking into it.
  case atomic(PatternNode)
  case assertion(PatternAssertion)

  /// The minimum and the maximum number of scalars that the node matches; lookarounds match none.
  var width: ClosedRange<Int> {
    switch self {
    case .set: return 1...1
    case .sequence(let nodes):
      return nodes.reduce(0...0) {
        $0.lowerBound + $1.width.lowerBound...min(Int.max / 4, $0.upperBound + $1.width.upperBound)
      }
    case .alternatives(let nodes):
      let widths = nodes.map(\.width)
      return (widths.map(\.lowerBound).min() ?? 0)...(widths.map(\.upperBound).max() ?? 0)
    case .repeated(let node, let count, _):
      let (low, high) = (node.width.lowerBound, node.width.upperBound)
      let most = high == 0 ? 0 : count.upperBound > 1_000_000 / high ? Int.max / 4 : high * count.upperBound
      return min(low * count.lowerBound, most)...most
    case .atomic(let node): return node.width
    case .look, .assertion: return 0...0
    }
  }
}

/// The order in which a repetition tries different counts.
enum PatternRepeat: Sendable {
  case greedy, lazy, possessive
}

/// A condition on the position between two scalars.
enum PatternAssertion: Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}
