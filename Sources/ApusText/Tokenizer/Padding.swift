// Padding of encodings to a common length, so that they fit into a tensor. Read first: Encoding.swift.

import ApusBase

/// The padding of short encodings.
public struct Padding: Equatable, Sendable {
  /// The target length; longer encodings are not changed.
  public enum Length: Equatable, Sendable {
    /// The length of the longest encoding in the batch.
    case longest
    /// A fixed number of tokens.
    case fixed(Int)
  }

  /// The target length.
  public var length: Length
  /// The side on which padding tokens are added.
  public var direction: Truncation.Direction
  /// If set, the length is rounded up to a multiple of this number.
  public var multiple: Int?
  /// The id of the padding token.
  public var id: Int32
  /// The segment of the padding token.
  public var typeId: Int32
  /// The text of the padding token.
  public var token: String

  /// Pads with the token `token`, whose id is `id`.
  ///
  /// - Precondition: `multiple` is positive.
  public init(
    _ length: Length = .longest, id: Int32, token: String, direction: Truncation.Direction = .right,
    multiple: Int? = nil, typeId: Int32 = 0
  ) {
    require(multiple ?? 1 > 0, "padding: the multiple must be positive, not \(multiple ?? 0)")
    self.length = length
    self.direction = direction
    self.multiple = multiple
    self.id = id
    self.typeId = typeId
    self.token = token
  }

  /// Pads all encodings and their overflowing parts.
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
