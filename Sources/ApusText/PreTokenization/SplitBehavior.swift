// What becomes of the delimiters when a text is cut. Read next: PreTokenizer.swift.

/// What happens to the ranges at which a text is cut.
enum SplitBehavior: String, CaseIterable, Sendable {
  /// They vanish.
  case removed = "Removed"
  /// Each is a piece of its own.
  case isolated = "Isolated"
  /// Each belongs to the piece before it.
  case mergedWithPrevious = "MergedWithPrevious"
  /// Each belongs to the piece behind it.
  case mergedWithNext = "MergedWithNext"
  /// Neighbours are one piece.
  case contiguous = "Contiguous"
}

/// Turns the delimiters of one piece, as they are found, into the pieces between and around them.
struct Cutter {
  private let behavior: SplitBehavior
  /// Everything but the delimiters is a delimiter.
  private let inverted: Bool
  /// Up to where the text has been seen.
  private var position: Int
  /// The piece that may still grow.
  private var pending: (start: Int, end: Int)?
  private var previousWasDelimiter = false

  init(behavior: SplitBehavior, inverted: Bool, from position: Int) {
    (self.behavior, self.inverted, self.position) = (behavior, inverted, position)
  }

  mutating func match(_ start: Int, _ end: Int, into pieces: inout [Piece]) {
    if start > position { add(position, start, isDelimiter: inverted, into: &pieces) }
    // An empty one parts what is around it, too.
    add(start, end, isDelimiter: !inverted, into: &pieces)
    position = max(position, end)
  }

  mutating func finish(_ end: Int, into pieces: inout [Piece]) {
    if end > position { add(position, end, isDelimiter: inverted, into: &pieces) }
    flush(into: &pieces)
  }

  private func flush(into pieces: inout [Piece]) {
    if let pending, pending.start < pending.end { pieces.append(Piece(pending.start, pending.end)) }
  }

  private mutating func add(_ start: Int, _ end: Int, isDelimiter: Bool, into pieces: inout [Piece]) {
    let joins: Bool
    switch behavior {
    case .removed:
      if !isDelimiter, start < end { pieces.append(Piece(start, end)) }
      return
    case .isolated:
      if start < end { pieces.append(Piece(start, end)) }
      return
    case .contiguous: joins = isDelimiter == previousWasDelimiter
    case .mergedWithPrevious: joins = isDelimiter && !previousWasDelimiter
    // Of several delimiters in a row, the last one joins what is behind it.
    case .mergedWithNext: joins = previousWasDelimiter && !isDelimiter
    }
    if joins, let open = pending {
      pending = (open.start, end)
    } else {
      flush(into: &pieces)
      pending = (start, end)
    }
    previousWasDelimiter = isDelimiter
  }
}
