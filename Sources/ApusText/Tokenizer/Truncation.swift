// Cutting encodings to a length. Read first: Encoding.swift. Read next: Padding.swift.

import ApusBase
import ApusFiles

/// How encodings that are too long are cut; what is cut off goes to `Encoding.overflowing`.
public struct Truncation: Equatable, Sendable {
  /// Which text of a pair gives way.
  public enum Strategy: String, CaseIterable, Sendable {
    /// The longer one, until both are equally long.
    case longestFirst
    /// The first one.
    case onlyFirst
    /// The second one.
    case onlySecond
  }

  /// An end of a text.
  public enum Direction: String, CaseIterable, Sendable {
    /// The beginning.
    case left
    /// The end.
    case right
  }

  /// The most tokens that remain, special ones included.
  public var maximumLength: Int
  /// Which text of a pair gives way.
  public var strategy: Strategy
  /// How many tokens overflowing parts have in common with their neighbours.
  public var stride: Int
  /// The end at which tokens are cut off.
  public var direction: Direction

  /// Cuts to `maximumLength` tokens.
  ///
  /// - Precondition: 0 ≤ `stride`, 0 ≤ `maximumLength`.
  public init(
    maximumLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0, direction: Direction = .right
  ) {
    require(maximumLength >= 0 && stride >= 0, "truncation: length \(maximumLength), stride \(stride)")
    self.maximumLength = maximumLength
    self.strategy = strategy
    self.stride = stride
    self.direction = direction
  }

  /// Cuts one text, or both of a pair, so that with `added` more tokens they fit.
  func apply(to encodings: inout [Encoding], added: Int) throws(TokenizerError) {
    guard maximumLength >= added else {
      throw .truncation("\(counted(maximumLength, "token")) have no room for \(counted(added, "special token"))")
    }
    let room = maximumLength - added
    let total = encodings.reduce(0) { $0 + $1.count }
    guard total > room else { return }
    guard room > 0 else {
      for i in encodings.indices { try truncate(&encodings[i], to: 0) }
      return
    }
    switch strategy {
    case .longestFirst where encodings.count == 1: try truncate(&encodings[0], to: room)
    case .longestFirst:
      let (first, second) = share(encodings[0].count, encodings[1].count, room)
      try truncate(&encodings[0], to: first)
      try truncate(&encodings[1], to: second)
    case .onlyFirst, .onlySecond:
      let target = strategy == .onlyFirst ? 0 : 1
      guard target < encodings.count else { throw .truncation("there is no second text to cut") }
      let rest = encodings[target].count - (total - room)
      guard rest > 0 else {
        throw .truncation(
          "\(counted(total - room, "token")) must go, and the text to cut has \(encodings[target].count)")
      }
      try truncate(&encodings[target], to: rest)
    }
  }

  /// The tokens that remain of two texts.
  private func share(_ first: Int, _ second: Int, _ room: Int) -> (Int, Int) {
    let short = min(first, second)
    var (low, high) = (short, short > room ? short : max(short, room - short))
    if low + high > room {
      low = room / 2
      high = low + room % 2
    }
    return first > second ? (high, low) : (low, high)
  }

  private func truncate(_ encoding: inout Encoding, to length: Int) throws(TokenizerError) {
    let count = encoding.count
    guard length < count else { return }
    guard length > 0 else {
      var rest = Encoding()
      rest.overflowing = [encoding]
      encoding = rest
      return
    }
    guard stride < length else {
      throw .truncation("parts of \(counted(length, "token")) cannot have \(stride) in common")
    }
    var parts: [Range<Int>] = []
    switch direction {
    case .right:
      var start = 0
      repeat {
        parts.append(start..<min(start + length, count))
        start += length - stride
      } while parts[parts.count - 1].upperBound < count
    case .left:
      var end = count
      repeat {
        parts.append(max(0, end - length)..<end)
        end -= length - stride
      } while parts[parts.count - 1].lowerBound > 0
    }
    let whole = encoding
    encoding = whole.part(parts[0])
    encoding.overflowing = parts.dropFirst().map { whole.part($0) }
  }
}
