// Writes named tensors as a safetensors file, streamed and atomically.
// Read first: AtomicFile.swift, Safetensors.swift.

public import ApusFiles
public import ApusTensor
public import Foundation

/// Writes safetensors files. The same tensors and metadata always give the same bytes.
///
/// Tensors are stored as F32 in the given order, bit for bit (NaN payloads included); metadata is sorted by key. The
/// header is padded with spaces to a multiple of 8 bytes, so that a reader can map the elements without copying.
public enum SafetensorsWriter {
  /// Writes a file atomically: a reader sees the old file or the new one, never a partial one.
  ///
  /// The elements are streamed from the tensors' memory to the file, without a copy of the whole.
  ///
  /// - Throws: all names that are duplicates or reserved; or if the file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:], to url: URL
  ) throws(FileFormatError) {
    let front = try header(tensors, metadata: metadata, path: url.readablePath)
    try AtomicFile.write(to: url) { (file: borrowing AtomicFile.Writer) throws(FileFormatError) in
      try file.write(front)
      for (_, tensor) in tensors {
        try withBytes(of: tensor) { (bytes) throws(FileFormatError) in try file.write(bytes) }
      }
    }
  }

  /// The bytes that `write` would write.
  ///
  /// - Throws: all names that are duplicates or reserved.
  public static func encode(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]
  ) throws(FileFormatError) -> Data {
    var data = try header(tensors, metadata: metadata, path: "safetensors")
    data.reserveCapacity(data.count + tensors.reduce(0) { $0 + byteCount(of: $1.tensor) })
    for (_, tensor) in tensors {
      withBytes(of: tensor) { data.append(contentsOf: $0) }
    }
    return data
  }

  private static func byteCount(of tensor: Tensor) -> Int { tensor.elementCount * MemoryLayout<Float>.size }

  /// The size field and the padded JSON.
  private static func header(
    _ tensors: [(name: String, tensor: Tensor)], metadata: [String: String], path: String
  ) throws(FileFormatError) -> Data {
    var problems = ProblemList()
    var names: Set<String> = []
    var members: [String] = []
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key < $1.key }.map { "\(jsonString($0.key)):\(jsonString($0.value))" }
      members.append("\"\(SafetensorsHeader.metadataKey)\":{\(pairs.joined(separator: ","))}")
    }
    var offset = 0
    for (name, tensor) in tensors {
      let place = FileFormatError.Place.key("tensor \(quoted(name))")
      if name == SafetensorsHeader.metadataKey {
        problems.add(place, expected: "another name", found: "the name that is reserved for metadata")
      } else if !names.insert(name).inserted {
        problems.add(place, expected: "every name once", found: "a duplicate")
      }
      let end = offset + byteCount(of: tensor)
      let shape = tensor.shape.map(String.init).joined(separator: ",")
      members.append("\(jsonString(name)):{\"dtype\":\"F32\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}")
      offset = end
    }
    var json = Data("{\(members.joined(separator: ","))}".utf8)
    json.append(Data(repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8))
    if json.count > SafetensorsHeader.maximumSize {
      problems.add(
        .file, expected: "names and metadata of at most \(SafetensorsHeader.maximumSize) bytes",
        found: "\(json.count)")
    }
    try problems.check(path: path)
    return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Data($0) } + json
  }

  /// Calls `body` with a tensor's memory. (`withUnsafePointer` rethrows any error; this function keeps the error's
  /// type.)
  private static func withBytes<Failure: Error>(
    of tensor: Tensor, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
  ) throws(Failure) {
    try tensor.withUnsafePointer { elements in
      Result { () throws(Failure) in
        try body(UnsafeRawBufferPointer(start: elements, count: byteCount(of: tensor)))
      }
    }.get()
  }
}

/// A JSON string literal.
private func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\u{0}"..<" ":
      let digits = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}
