// Converts stored elements to 32-bit floats and to indices.
// Read first: ElementType.swift. Read next: Safetensors.swift.

extension ElementType {
  /// Writes `count` stored elements as floats; returns false if this type has no conversion.
  ///
  /// F16 and BF16 are converted exactly, NaN payloads included. F64 and wide integers are rounded to the nearest Float.
  func convert(_ source: UnsafeRawPointer, to target: UnsafeMutablePointer<Float>, count: Int) -> Bool {
    switch self {
    case .float32: UnsafeMutableRawPointer(target).copyMemory(from: source, byteCount: count * 4)
    case .float64: each(Double.self, source, count) { target[$0] = Float($1) }
    case .float16: each(UInt16.self, source, count) { target[$0] = Float(bitPattern: floatBits(ofHalf: $1)) }
    case .bfloat16: each(UInt16.self, source, count) { target[$0] = Float(bitPattern: UInt32($1) << 16) }
    case .bool: each(UInt8.self, source, count) { target[$0] = $1 == 0 ? 0 : 1 }
    case .uint8: each(UInt8.self, source, count) { target[$0] = Float($1) }
    case .int8: each(Int8.self, source, count) { target[$0] = Float($1) }
    case .uint16: each(UInt16.self, source, count) { target[$0] = Float($1) }
    case .int16: each(Int16.self, source, count) { target[$0] = Float($1) }
    case .uint32: each(UInt32.self, source, count) { target[$0] = Float($1) }
    case .int32: each(Int32.self, source, count) { target[$0] = Float($1) }
    case .uint64: each(UInt64.self, source, count) { target[$0] = Float($1) }
    case .int64: each(Int64.self, source, count) { target[$0] = Float($1) }
    default: return false
    }
    return true
  }

  /// The stored integers as indices, and those that do not fit into 32 bits; nil if this is not an integer type.
  func indices(_ source: UnsafeRawPointer, count: Int) -> (values: [Int32], misfits: Misfits)? {
    switch self {
    case .bool: narrowed(UInt8.self, source, count) { $0 == 0 ? 0 : 1 }
    case .uint8: narrowed(UInt8.self, source, count) { Int32(exactly: $0) }
    case .int8: narrowed(Int8.self, source, count) { Int32(exactly: $0) }
    case .uint16: narrowed(UInt16.self, source, count) { Int32(exactly: $0) }
    case .int16: narrowed(Int16.self, source, count) { Int32(exactly: $0) }
    case .uint32: narrowed(UInt32.self, source, count) { Int32(exactly: $0) }
    case .int32: narrowed(Int32.self, source, count) { $0 }
    case .uint64: narrowed(UInt64.self, source, count) { Int32(exactly: $0) }
    case .int64: narrowed(Int64.self, source, count) { Int32(exactly: $0) }
    default: nil
    }
  }

  /// The values outside the range of `Int32`: their number, and the first of them.
  struct Misfits {
    var count = 0
    var first: (position: Int, value: String)?
  }
}

/// Calls `body` for each element. Elements in a file need not be aligned, so every load is unaligned.
@inline(__always)
private func each<Element: BitwiseCopyable>(
  _ type: Element.Type, _ source: UnsafeRawPointer, _ count: Int, _ body: (Int, Element) -> Void
) {
  for i in 0..<count {
    body(i, source.loadUnaligned(fromByteOffset: i * MemoryLayout<Element>.size, as: type))
  }
}

@inline(__always)
private func narrowed<Element: BitwiseCopyable & CustomStringConvertible>(
  _ type: Element.Type, _ source: UnsafeRawPointer, _ count: Int, _ body: (Element) -> Int32?
) -> (values: [Int32], misfits: ElementType.Misfits) {
  var misfits = ElementType.Misfits()
  let values = [Int32](unsafeUninitializedCapacity: count) { target, initialized in
    each(type, source, count) { i, element in
      if let value = body(element) {
        target[i] = value
      } else {
        if misfits.count == 0 { misfits.first = (i, element.description) }
        misfits.count += 1
        target[i] = 0
      }
    }
    initialized = count
  }
  return (values, misfits)
}

/// The bits of the Float that equals an IEEE half. (`Float16` does not exist on Intel Macs.)
///
/// The code has no branches, so that a loop over it can be vectorized. The exponent's bias goes from 15 to 127.
/// Infinity and NaN are raised once more, to the largest exponent. A subnormal gets the implicit bit that it lacks, and
/// a subtraction removes it again and normalizes the result.
@inline(__always)
func floatBits(ofHalf half: UInt16) -> UInt32 {
  let sign = UInt32(half & 0x8000) << 16
  let magnitude = UInt32(half & 0x7FFF) << 13
  let exponent = magnitude & 0x0F80_0000
  let rebiased = magnitude &+ 112 << 23
  let raised = exponent == 0x0F80_0000 ? rebiased &+ 112 << 23 : rebiased
  let normalized = (Float(bitPattern: rebiased &+ 1 << 23) - 0x1p-14).bitPattern
  return sign | (exponent == 0 ? normalized : raised)
}
