// Reads the entries of a safetensors header one by one: types, shapes, offsets, metadata.
// Read first: JSONReader.swift, SafetensorsHeader.swift.

import ApusFiles
import ApusTensor

/// Walks through the header's JSON and collects the entries and every problem with them.
///
/// A JSON syntax error is thrown, because nothing after it can be read. All other problems are noted, and reading
/// continues.
struct SafetensorsEntryReader {
  private var json: JSONReader
  /// The offset in the file at which the elements begin.
  private let dataStart: Int
  private(set) var metadata: [String: String] = [:]
  private(set) var entries: [SafetensorsFile.Entry] = []
  var problems = ProblemList()

  init(_ json: JSONReader, dataStart: Int) {
    self.json = json
    self.dataStart = dataStart
  }

  mutating func readHeader() throws(JSONReader.SyntaxError) {
    try json.beginObject()
    var names: Set<String> = []
    while let name = try json.nextKey() {
      let isNew = names.insert(name).inserted
      if !isNew {
        problems.add("header", expected: "every name once", found: "\(quoted(name)) again")
      }
      if name == SafetensorsHeader.metadataKey { try readMetadata() } else { try readEntry(name) }
    }
    try json.end()
  }

  private mutating func readMetadata() throws(JSONReader.SyntaxError) {
    let place = FileFormatError.Place.key(SafetensorsHeader.metadataKey)
    guard try isNext(.object, at: place, expected: "an object of strings") else { return }
    try json.beginObject()
    while let key = try json.nextKey() {
      let place = FileFormatError.Place.key("\(SafetensorsHeader.metadataKey), \(quoted(key))")
      guard try isNext(.string, at: place, expected: "a string") else { continue }
      let value = try json.string()
      if metadata.updateValue(value, forKey: key) != nil {
        problems.add(place, expected: "every key once", found: "a duplicate")
      }
    }
  }

  private mutating func readEntry(_ name: String) throws(JSONReader.SyntaxError) {
    let place = "tensor \(quoted(name))"
    guard try isNext(.object, at: .key(place), expected: "an object") else { return }
    var fields: Set<String> = []
    var type: ElementType?
    var shape: [Int]?
    var offsets: Range<Int>?
    try json.beginObject()
    while let field = try json.nextKey() {
      if !fields.insert(field).inserted {
        problems.add(.key(place), expected: "every field once", found: "\(quoted(field)) again")
      }
      switch field {
      case "dtype": type = try readType(at: .key("\(place), dtype"))
      case "shape": shape = try readShape(at: .key("\(place), shape"))
      case "data_offsets": offsets = try readOffsets(at: .key("\(place), data_offsets"))
      default:
        problems.add(.key(place), expected: "dtype, shape and data_offsets", found: quoted(field))
        try json.skipValue()
      }
    }
    for field in ["dtype", "shape", "data_offsets"] where !fields.contains(field) {
      problems.add(.key("\(place), \(field)"), expected: "a value", found: "none")
    }
    guard let type, let shape, let offsets else { return }
    guard let size = byteCount(of: shape, type) else {
      problems.add(
        .key("\(place), shape"), expected: "a size that can be addressed, in whole bytes",
        found: "\(shape) of \(type.rawValue)")
      return
    }
    guard size == offsets.count else {
      problems.add(
        .key("\(place), data_offsets"), expected: "\(size) bytes, for \(shape) of \(type.rawValue)",
        found: counted(offsets.count, "byte"))
      return
    }
    entries.append(.init(name: name, type: type, shape: shape, byteRange: offsets))
  }

  // MARK: Fields. Each reader notes a problem and returns nil if the value is not valid.

  private mutating func readType(at place: FileFormatError.Place) throws(JSONReader.SyntaxError) -> ElementType? {
    let expected = "an element type such as F32 or I64"
    guard try isNext(.string, at: place, expected: expected) else { return nil }
    let name = try json.string()
    if let type = ElementType(rawValue: name) { return type }
    problems.add(place, expected: expected, found: quoted(name))
    return nil
  }

  private mutating func readShape(at place: FileFormatError.Place) throws(JSONReader.SyntaxError) -> [Int]? {
    let expected = "sizes from 0 to \(Int32.max)"
    guard let (sizes, count) = try readNumbers(at: place, expected: expected, bound: Int(Int32.max)) else { return nil }
    if count <= Shape.maximumRank { return sizes }
    problems.add(place, expected: "at most \(Shape.maximumRank) axes", found: "\(count)")
    return nil
  }

  /// The range of bytes in the file.
  private mutating func readOffsets(at place: FileFormatError.Place) throws(JSONReader.SyntaxError) -> Range<Int>? {
    let expected = "two offsets, the start and the end"
    // No file is larger than half the address space, and with this bound `dataStart` can be added without overflow.
    guard let (ends, count) = try readNumbers(at: place, expected: expected, bound: Int.max / 2) else { return nil }
    guard count == 2 else {
      problems.add(place, expected: expected, found: counted(count, "number"))
      return nil
    }
    guard ends[0] <= ends[1] else {
      problems.add(place, expected: "a start that is not after the end", found: "\(ends[0]) and \(ends[1])")
      return nil
    }
    return dataStart + ends[0]..<dataStart + ends[1]
  }

  /// The first few numbers of an array, and its length; nil if an element is not a whole number from 0 to `bound`.
  private mutating func readNumbers(
    at place: FileFormatError.Place, expected: String, bound: Int
  ) throws(JSONReader.SyntaxError) -> (first: [Int], count: Int)? {
    guard try isNext(.array, at: place, expected: expected) else { return nil }
    var first: [Int] = []
    var count = 0
    var isSound = true
    try json.beginArray()
    while try json.nextElement() {
      count += 1
      guard try isNext(.number, at: place, expected: expected) else {
        isSound = false
        continue
      }
      let digits = try json.number()
      guard let number = Int(digits), number >= 0, number <= bound else {
        problems.add(place, expected: expected, found: digits.count > 100 ? quoted(digits) : digits)
        isSound = false
        continue
      }
      if first.count < Shape.maximumRank { first.append(number) }
    }
    return isSound ? (first, count) : nil
  }

  /// Whether the next value is of this kind. If not, it is noted as a problem and skipped.
  private mutating func isNext(
    _ kind: JSONReader.Kind, at place: FileFormatError.Place, expected: String
  ) throws(JSONReader.SyntaxError) -> Bool {
    let found = try json.kind()
    if found == kind { return true }
    problems.add(place, expected: expected, found: found.rawValue)
    try json.skipValue()
    return false
  }
}

/// The size of a tensor in bytes; nil if it overflows or is not a whole number of bytes.
///
/// The overflow check counts axes of size 0 as 1, because strides are products of some of the axes and must not
/// overflow either.
private func byteCount(of shape: [Int], _ type: ElementType) -> Int? {
  var bits = type.bitCount
  for size in shape {
    let (product, overflow) = bits.multipliedReportingOverflow(by: max(size, 1))
    if overflow { return nil }
    bits = product
  }
  if shape.contains(0) { return 0 }
  return bits % 8 == 0 ? bits / 8 : nil
}
