// A regular expression as a tree. Read first: ScalarSet.swift.
// Read next: PatternParser.swift, which makes it, and PatternProgram.swift, which runs it.

/// A part of a regular expression.
indirect enum PatternNode: Sendable {
  case set(ScalarSet)
  case sequence([PatternNode])
  case alternatives([PatternNode])
  /// As often as possible (greedy), as rarely as possible (lazy), or as often as possible for good (possessive).
  case repeated(PatternNode, ClosedRange<Int>, PatternRepeat)
  case look(PatternNode, isBehind: Bool, isNegated: Bool)
  /// What it has matched stays matched.
  case atomic(PatternNode)
  case assertion(PatternAssertion)

  /// The fewest and the most scalars that it matches; lookarounds match none.
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

/// How a repetition chooses its number.
enum PatternRepeat: Sendable {
  case greedy, lazy, possessive
}

/// A place between two scalars.
enum PatternAssertion: Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, noWordBoundary
}
