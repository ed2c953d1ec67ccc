// The header of a safetensors file: from untrusted bytes to checked entries.
// Read first: JSONReader.swift. Read next: SafetensorsEntryReader.swift, Safetensors.swift.

import ApusFiles

/// The contents of a safetensors header, checked completely: the tensors can be read without further checks.
///
/// A file consists of 8 bytes with the size N of the header (little-endian), N bytes of JSON, and the elements.
///
/// ```text
/// {"__metadata__": {"format": "pt"}, "bias": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}, …}
/// ```
///
/// Offsets count from the end of the header. The ranges must cover the rest of the file without holes or overlaps.
struct SafetensorsHeader {
  /// The limit of the reference implementation; a larger header is treated as an attack.
  static let maximumSize = 100_000_000
  static let metadataKey = "__metadata__"

  private(set) var metadata: [String: String] = [:]
  /// The tensors, in the order of their bytes.
  private(set) var entries: [SafetensorsFile.Entry] = []

  /// Reads and checks the header at the start of a file's bytes.
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
        path: path, place: .byte(0), expected: "a header of at most \(file.count - 8) bytes, to the end of the file",
        found: "a size of \(size)")
    }
    return Int(size)
  }

  /// Sorts the entries by their byte ranges, and checks that these cover the file.
  private static func sortAndCheckLayout(
    _ entries: inout [SafetensorsFile.Entry], dataStart: Int, fileSize: Int, problems: inout ProblemList
  ) {
    // Empty tensors have the same offset as the next tensor. The sort is stable, so ties keep the order of the header.
    entries.sort { a, b in
      (a.byteRange.lowerBound, a.byteRange.upperBound) < (b.byteRange.lowerBound, b.byteRange.upperBound)
    }
    // If an entry is missing because it could not be read, the others leave a hole.
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
        .byte(end), expected: "the end of the file after the last tensor", found: counted(fileSize - end, "more byte"))
    }
  }
}
