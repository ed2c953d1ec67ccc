// The element types that a safetensors file may hold, and which of them convert to floats or indices.
// Read next: ElementConversion.swift, Safetensors.swift.

/// The type of a stored tensor's elements; the raw value is its name in a safetensors header.
public enum ElementType: String, Sendable, CaseIterable {
  /// One byte, 0 for false.
  case bool = "BOOL"
  case uint8 = "U8"
  case int8 = "I8"
  case uint16 = "U16"
  case int16 = "I16"
  case uint32 = "U32"
  case int32 = "I32"
  case uint64 = "U64"
  case int64 = "I64"
  /// IEEE half precision: 5 exponent bits, 10 fraction bits.
  case float16 = "F16"
  /// The upper half of a Float: 8 exponent bits, 7 fraction bits.
  case bfloat16 = "BF16"
  case float32 = "F32"
  case float64 = "F64"
  // The following types can be listed and their bytes read, but they are not converted.
  case complex64 = "C64"
  case float4 = "F4"
  case float6e2m3 = "F6_E2M3"
  case float6e3m2 = "F6_E3M2"
  case float8e4m3 = "F8_E4M3"
  case float8e5m2 = "F8_E5M2"
  case float8e8m0 = "F8_E8M0"
  case float8e4m3fnuz = "F8_E4M3FNUZ"
  case float8e5m2fnuz = "F8_E5M2FNUZ"

  /// The size of one element in bits. The smallest types are packed: several elements share bytes.
  public var bitCount: Int {
    switch self {
    case .float4: 4
    case .float6e2m3, .float6e3m2: 6
    case .bool, .uint8, .int8, .float8e4m3, .float8e5m2, .float8e8m0, .float8e4m3fnuz, .float8e5m2fnuz: 8
    case .uint16, .int16, .float16, .bfloat16: 16
    case .uint32, .int32, .float32: 32
    case .uint64, .int64, .float64, .complex64: 64
    }
  }

  /// Whether the elements are integers or booleans, which can serve as indices.
  public var isInteger: Bool {
    switch self {
    case .bool, .uint8, .int8, .uint16, .int16, .uint32, .int32, .uint64, .int64: true
    default: false
    }
  }
}
