// A minimal reader for protocol buffers, which returns the fields one by one.
// Read next: SentencePieceFile.swift.

/// A field of a message: its number, and its value or the value's position in the file.
package struct ProtobufField {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// Text, bytes or a message, as a range of bytes in the file.
    case bytes(Range<Int>)
  }

  package let number: Int
  let value: Value
  /// The offset of the field in the file.
  package let offset: Int
  let path: String
  private let file: UnsafeRawBufferPointer

  fileprivate init(
    number: Int, value: Value, offset: Int, path: String, file: UnsafeRawBufferPointer
  ) {
    (self.number, self.value, self.offset, self.path, self.file) = (number, value, offset, path, file)
  }

  package func error(_ expected: String, _ found: String? = nil) -> FileFormatError {
    let kind =
      switch value {
      case .varint(let value): "the number \(value)"
      case .fixed32: "4 bytes"
      case .fixed64: "8 bytes"
      case .bytes(let range): counted(range.count, "byte")
      }
    return FileFormatError(path: path, place: .byte(offset), expected: expected, found: found ?? kind)
  }

  package func bytes() throws(FileFormatError) -> [UInt8] {
    guard case .bytes(let range) = value else { throw error("a string in field \(number)") }
    return Array(file[range])
  }

  /// - Throws: if the field is not UTF-8 text.
  package func text() throws(FileFormatError) -> [UInt8] {
    let bytes = try bytes()
    if let invalid = bytes.withUnsafeBytes({ firstInvalidUTF8(in: $0) }) {
      throw error("UTF-8 text in field \(number)", spelled(bytes[invalid]))
    }
    return bytes
  }

  package func message() throws(FileFormatError) -> ProtobufReader {
    guard case .bytes(let range) = value else { throw error("a message in field \(number)") }
    return ProtobufReader(file, range, path: path)
  }

  package func integer() throws(FileFormatError) -> UInt64 {
    guard case .varint(let value) = value else { throw error("a number in field \(number)") }
    return value
  }

  package func bool() throws(FileFormatError) -> Bool { try integer() != 0 }

  /// - Throws: if the field is not a 32-bit float, or not finite.
  package func float() throws(FileFormatError) -> Float {
    guard case .fixed32(let bits) = value else { throw error("a floating-point number in field \(number)") }
    let value = Float(bitPattern: bits)
    guard value.isFinite else { throw error("a finite number in field \(number)", "\(value)") }
    return value
  }
}

/// Reads the fields of a message in order. Values are copied only when they are requested.
package struct ProtobufReader {
  private let file: UnsafeRawBufferPointer
  private let path: String
  private var position: Int
  private let end: Int

  package init(_ file: UnsafeRawBufferPointer, path: String) { self.init(file, 0..<file.count, path: path) }

  fileprivate init(_ file: UnsafeRawBufferPointer, _ range: Range<Int>, path: String) {
    (self.file, self.path, position, end) = (file, path, range.lowerBound, range.upperBound)
  }

  /// The next field, or nil at the end.
  package mutating func next() throws(FileFormatError) -> ProtobufField? {
    guard position < end else { return nil }
    let offset = position
    let tag = try varint()
    let number = tag >> 3
    guard number > 0, number < 1 << 29 else {
      throw FileFormatError(
        path: path, place: .byte(offset), expected: "a field number from 1 to 2²⁹ − 1", found: "\(number)")
    }
    let value: ProtobufField.Value
    switch tag & 7 {
    case 0: value = .varint(try varint())
    case 1: value = .fixed64(UInt64(littleEndian: file.loadUnaligned(fromByteOffset: try take(8), as: UInt64.self)))
    case 2:
      let start = position
      let count = try varint()
      guard count <= UInt64(end - position) else {
        throw FileFormatError(
          path: path, place: .byte(start), expected: "a length of at most \(end - position)", found: "\(count)")
      }
      let first = try take(Int(count))
      value = .bytes(first..<first + Int(count))
    case 5: value = .fixed32(UInt32(littleEndian: file.loadUnaligned(fromByteOffset: try take(4), as: UInt32.self)))
    default:
      throw FileFormatError(
        path: path, place: .byte(offset), expected: "wire type 0, 1, 2 or 5", found: "type \(tag & 7)")
    }
    return ProtobufField(number: Int(number), value: value, offset: offset, path: path, file: file)
  }

  private mutating func take(_ count: Int) throws(FileFormatError) -> Int {
    guard count <= end - position else {
      throw FileFormatError(
        path: path, place: .byte(position), expected: counted(count, "more byte"), found: "\(end - position)")
    }
    defer { position += count }
    return position
  }

  /// Reads a varint: seven bits per byte, the lowest first. The highest bit of a byte means that another one follows.
  private mutating func varint() throws(FileFormatError) -> UInt64 {
    let start = position
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < end, shift < 64 {
      let byte = file[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    throw FileFormatError(
      path: path, place: .byte(start), expected: "a varint of at most 10 bytes",
      found: shift < 64 ? "the end" : "more")
  }
}
