// The directory at the front of a safetensors file: from untrusted bytes to checked entries.
// Read first: JSONReader.swift. Read next: SafetensorsEntryReader.swift, Safetensors.swift.

import ApusFiles

/// What a safetensors header says, checked so thoroughly that the tensors can be read without another look.
///
/// The file: 8 bytes with the header's size N (little-endian), N bytes of JSON, then the elements.
///
/// ```text
/// {"__metadata__": {"format": "pt"}, "bias": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
/// ```
///
/// Offsets count from the header's end; the ranges must cover the rest of the file without holes and overlaps.
struct SafetensorsHeader {
  /// As in the reference implementation: a larger header is an attack, not a model.
  static let maximumSize = 100_000_000
  static let metadataKey = "__metadata__"

  private(set) var metadata: [String: String] = [:]
  /// The tensors, in the order of their bytes.
  private(set) var entries: [SafetensorsFile.Entry] = []

  /// Reads and checks the header of a file whose bytes these are.
  init(of file: UnsafeRawBufferPointer, path: String) throws(FileFormatError) {
    let size = try SafetensorsHeader.size(of: file, path: path)
    let end = 8 + size
    let text = UnsafeRawBufferPointer(rebasing: file[8..<end])
    if let offset = firstInvalidUTF8(in: text) {
      throw FileFormatError(
        path: path, place: .byte(8 + offset), expected: "a header in UTF-8", found: spelled(text[offset]))
    }
    var reader = SafetensorsEntryReader(JSONReader(Array(text)), dataStart: end)
    do throws(JSONReader.SyntaxError) {
      try reader.readHeader()
    } catch {
      reader.problems.add(.byte(8 + error.offset), expected: error.expected, found: error.found)
      try reader.problems.check(path: path)
    }
    metadata = reader.metadata
    entries = reader.entries
    SafetensorsHeader.sortAndCheckLayout(&entries, dataStart: end, fileSize: file.count, problems: &reader.problems)
    try reader.problems.check(path: path)
  }

  private static func size(of file: UnsafeRawBufferPointer, path: String) throws(FileFormatError) -> Int {
    guard file.count >= 8 else {
      throw FileFormatError(
        path: path, place: .byte(0), expected: "8 bytes with the header's size",
        found: "a file of \(counted(file.count, "byte"))")
    }
    let size = UInt64(littleEndian: file.loadUnaligned(as: UInt64.self))
    guard size <= UInt64(maximumSize) else {
      throw FileFormatError(
        path: path, place: .byte(0), expected: "a header of at most \(maximumSize) bytes", found: "a size of \(size)")
    }
    guard size <= UInt64(file.count - 8) else {
      throw FileFormatError(
        path: path, place: .byte(0), expected: "a header of at most \(file.count - 8) bytes, to the file's end",
        found: "a size of \(size)")
    }
    return Int(size)
  }

  /// Puts the entries in the order of their bytes, and makes sure that these fill the file.
  private static func sortAndCheckLayout(
    _ entries: inout [SafetensorsFile.Entry], dataStart: Int, fileSize: Int, problems: inout ProblemList
  ) {
    // Empty tensors share their offset with the next one: ties stay in the header's order (sort is stable).
    entries.sort { a, b in
      (a.byteRange.lowerBound, a.byteRange.upperBound) < (b.byteRange.lowerBound, b.byteRange.upperBound)
    }
    // Where an entry is missing for being unreadable, the others cannot fit together.
    guard problems.isEmpty else { return }
    var end = dataStart
    var previous: SafetensorsFile.Entry?
    for entry in entries {
      let start = entry.byteRange.lowerBound
      if start != end {
        let before = previous.map { "where tensor \(quoted($0.name)) ends" } ?? "where the header ends"
        let found = start - dataStart
        problems.add(
          .key("tensor \(quoted(entry.name)), data_offsets"), expected: "a start at \(end - dataStart), \(before)",
          found: start < end ? "\(found), an overlap" : "\(found), a hole")
      }
      if entry.byteRange.upperBound > fileSize {
        problems.add(
          .key("tensor \(quoted(entry.name)), data_offsets"),
          expected: "an end at or before \(fileSize - dataStart), where the file ends",
          found: "\(entry.byteRange.upperBound - dataStart)")
      }
      end = max(end, entry.byteRange.upperBound)
      previous = entry
    }
    if end < fileSize {
      problems.add(
        .byte(end), expected: "the file's end after the last tensor", found: counted(fileSize - end, "more byte"))
    }
  }
}
