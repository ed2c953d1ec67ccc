// The treatment of delimiters when a text is cut. Read next: PreTokenizer.swift.

/// The treatment of the ranges at which a text is cut.
enum SplitBehavior: String, CaseIterable, Sendable {
  /// They are removed.
  case removed = "Removed"
  /// Each becomes a piece of its own.
  case isolated = "Isolated"
  /// Each is appended to the preceding piece.
  case mergedWithPrevious = "MergedWithPrevious"
  /// Each is prepended to the following piece.
  case mergedWithNext = "MergedWithNext"
  /// Consecutive ones become one piece.
  case contiguous = "Contiguous"
}

/// Cuts one piece: receives the delimiters as they are found, and appends the resulting pieces.
struct Cutter {
  private let behavior: SplitBehavior
  /// Whether the roles of matches and of the text between them are exchanged.
  private let inverted: Bool
  /// The end of the text that has been processed.
  private var position: Int
  /// The last piece, which may still grow.
  private var pending: (start: Int, end: Int)?
  private var previousWasDelimiter = false

  init(behavior: SplitBehavior, inverted: Bool, from position: Int) {
    (self.behavior, self.inverted, self.position) = (behavior, inverted, position)
  }

  mutating func match(_ start: Int, _ end: Int, into pieces: inout [Piece]) {
    if start > position { add(position, start, isDelimiter: inverted, into: &pieces) }
    // An empty delimiter also separates the text around it.
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
    // Of several consecutive delimiters, the last one joins the following piece.
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
