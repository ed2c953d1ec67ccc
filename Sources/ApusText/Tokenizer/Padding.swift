// Filling encodings up to one length, so that they fit into a tensor. Read first: Encoding.swift.

import ApusBase

/// How short encodings are filled up.
public struct Padding: Equatable, Sendable {
  /// The length that encodings get; longer ones stay as they are.
  public enum Length: Equatable, Sendable {
    /// That of the longest in the batch.
    case longest
    /// So many tokens.
    case fixed(Int)
  }

  /// The length that encodings get.
  public var length: Length
  /// The side on which padding is put.
  public var direction: Truncation.Direction
  /// Rounds the length up to a multiple of this.
  public var multiple: Int?
  /// The padding token's id.
  public var id: Int32
  /// The padding token's segment.
  public var typeId: Int32
  /// The padding token.
  public var token: String

  /// Fills up with the token `token`, whose id is `id`.
  ///
  /// - Precondition: `multiple` is positive.
  public init(
    _ length: Length = .longest, id: Int32, token: String, direction: Truncation.Direction = .right,
    multiple: Int? = nil, typeId: Int32 = 0
  ) {
    require(multiple ?? 1 > 0, "padding: a multiple of \(multiple ?? 0)")
    self.length = length
    self.direction = direction
    self.multiple = multiple
    self.id = id
    self.typeId = typeId
    self.token = token
  }

  /// Fills all encodings up, and what overflows from them.
  func apply(to encodings: inout [Encoding]) {
    var target =
      switch length {
      case .fixed(let length): length
      case .longest: encodings.map(\.count).max() ?? 0
      }
    if let multiple, target % multiple > 0 { target += multiple - target % multiple }
    for i in encodings.indices { fill(&encodings[i], to: target) }
  }

  private func fill(_ encoding: inout Encoding, to length: Int) {
    for i in encoding.overflowing.indices { fill(&encoding.overflowing[i], to: length) }
    let missing = length - encoding.count
    guard missing > 0 else { return }
    func filled<Element>(_ values: [Element], _ value: Element) -> [Element] {
      let padding = [Element](repeating: value, count: missing)
      return direction == .right ? values + padding : padding + values
    }
    encoding.ids = filled(encoding.ids, id)
    encoding.tokens = filled(encoding.tokens, token)
    encoding.offsets = filled(encoding.offsets, 0..<0)
    encoding.typeIds = filled(encoding.typeIds, typeId)
    encoding.attentionMask = filled(encoding.attentionMask, 0)
    encoding.specialTokensMask = filled(encoding.specialTokensMask, 1)
    encoding.sequences = filled(encoding.sequences, nil)
  }
}
