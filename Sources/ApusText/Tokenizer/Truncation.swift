// Truncation of encodings to a maximum length. Read first: Encoding.swift. Read next: Padding.swift.

import ApusBase
import ApusFiles

/// The truncation of long encodings; the tokens that are cut off go to `Encoding.overflowing`.
public struct Truncation: Equatable, Sendable {
  /// The text of a pair that is truncated.
  public enum Strategy: String, CaseIterable, Sendable {
    /// The longer one, until both have the same length.
    case longestFirst
    /// The first one.
    case onlyFirst
    /// The second one.
    case onlySecond
  }

  /// The end at which a text is truncated.
  public enum Direction: String, CaseIterable, Sendable {
    /// The beginning.
    case left
    /// The end.
    case right
  }

  /// The maximum number of tokens, including special tokens.
  public var maximumLength: Int
  /// The text of a pair that is truncated.
  public var strategy: Strategy
  /// The number of tokens that consecutive overflowing parts have in common.
  public var stride: Int
  /// The end at which texts are truncated.
  public var direction: Direction

  /// Truncates to `maximumLength` tokens.
  ///
  /// - Precondition: `maximumLength` and `stride` are at least 0.
  public init(
    maximumLength: Int, strategy: Strategy = .longestFirst, stride: Int = 0, direction: Direction = .right
  ) {
    require(
      maximumLength >= 0 && stride >= 0, "truncation: length \(maximumLength) or stride \(stride) is negative")
    self.maximumLength = maximumLength
    self.strategy = strategy
    self.stride = stride
    self.direction = direction
  }

  /// Truncates a text, or both texts of a pair, so that they fit together with `added` special tokens.
  func apply(to encodings: inout [Encoding], added: Int) throws(TokenizerError) {
    guard maximumLength >= added else {
      throw .truncation("a length of \(maximumLength) leaves no room for \(counted(added, "special token"))")
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
      guard target < encodings.count else { throw .truncation("there is no second text to truncate") }
      let rest = encodings[target].count - (total - room)
      guard rest > 0 else {
        throw .truncation(
          "\(counted(total - room, "token")) must be cut off, but the text to truncate has \(encodings[target].count)")
      }
      try truncate(&encodings[target], to: rest)
    }
  }

  /// The numbers of tokens to keep of two texts.
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
      throw .truncation("parts of \(counted(length, "token")) cannot overlap by \(stride)")
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
