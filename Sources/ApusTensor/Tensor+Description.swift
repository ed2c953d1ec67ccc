// How a tensor prints: as nested brackets, with long axes abbreviated.
// Read first: Tensor.swift.

extension Tensor: CustomStringConvertible, Equatable {
  /// The elements as nested brackets; an axis longer than eight shows only its first and last three entries.
  public var description: String {
    let values = scalars
    func text(_ axis: Int, _ start: Int) -> String {
      if axis == rank { return "\(values[start])" }
      let size = shape[axis]
      let step = axis + 1 < rank ? shape.strides[axis] : 1
      let shown = size <= 8 ? Array(0..<size) : Array(0..<3) + [-1] + Array(size - 3..<size)
      let parts = shown.map { $0 < 0 ? "…" : text(axis + 1, start + $0 * step) }
      let separator = axis + 1 == rank ? ", " : ",\n" + String(repeating: " ", count: axis + 1)
      return "[" + parts.joined(separator: separator) + "]"
    }
    return elementCount == 0 ? "[] (shape \(shape))" : text(0, 0)
  }

  /// Whether the shapes and all elements are equal, compared as floats: NaN equals nothing, 0 equals −0.
  public static func == (a: Tensor, b: Tensor) -> Bool {
    guard a.shape == b.shape else { return false }
    return read(a, b) { x, y in (0..<a.elementCount).allSatisfy { x[$0] == y[$0] } }
  }
}
