// The safetensors format: named tensors in a file, read without copying.
// Read first: SafetensorsHeader.swift, MappedFile.swift. Read next: SafetensorsWriter.swift.

public import ApusFiles
public import ApusTensor
public import Foundation

#if _endian(big)
  #error("safetensors files hold little-endian numbers, and this reader copies them as they are")
#endif

/// A safetensors file: named tensors, and metadata as text.
///
/// Opening a file maps it and checks its whole header, whatever software wrote it: all types, shapes and byte ranges of
/// an opened file are valid. Elements are read only when a tensor is requested.
///
/// ```swift
/// let file = try SafetensorsFile(contentsOf: url)
/// for entry in file.entries { print(entry.name, entry.type.rawValue, entry.shape) }
/// let weight = try file.tensor(named: "wte.weight")
/// ```
///
/// Names that differ only in the encoding of an accent count as equal, as everywhere in Swift.
public final class SafetensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable, Hashable {
    /// The name by which the tensor is requested.
    public let name: String
    /// The type of the stored elements.
    public let type: ElementType
    /// The sizes of the axes, outermost first; at most eight, as for `Shape`.
    public let shape: [Int]
    /// The bytes of the elements, counted from the start of the file.
    public let byteRange: Range<Int>

    /// The number of elements.
    public var elementCount: Int { shape.reduce(1, *) }
  }

  /// The file, as the caller named it.
  public let path: String
  /// Metadata as text, such as the software that wrote the file or a configuration.
  public let metadata: [String: String]
  /// The tensors, in the order of their bytes.
  public let entries: [Entry]
  private let positions: [String: Int]
  private let file: MappedFile

  /// Opens a file.
  ///
  /// - Throws: if the file cannot be read; or everything that is wrong with its header.
  /// - Complexity: O(header); the elements are not touched.
  public convenience init(contentsOf url: URL) throws(FileFormatError) {
    try self.init(MappedFile(contentsOf: url))
  }

  /// Reads a file's bytes that are already in memory; `name` is used in messages.
  public convenience init(data: Data, name: String) throws(FileFormatError) {
    try self.init(MappedFile(copying: data, name: name))
  }

  private init(_ file: MappedFile) throws(FileFormatError) {
    let header = try SafetensorsHeader(of: file.bytes, path: file.path)
    self.file = file
    path = file.path
    metadata = header.metadata
    entries = header.entries
    positions = Dictionary(
      header.entries.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The entry of a tensor, or nil if the file has no tensor of this name.
  public func entry(named name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// A tensor's elements as floats.
  ///
  /// F32 is not copied: the tensor borrows the mapped file and keeps it alive. (If the length of the header is not a
  /// multiple of 4 bytes, the elements are copied.) F16 and BF16 are converted exactly, NaN payloads included. F64 and
  /// integers of more than 24 bits are rounded to the nearest float. BOOL becomes 0 and 1.
  ///
  /// - Throws: if there is no such tensor, or if its type does not convert to floats (complex numbers, and floats of 8
  ///   bits or fewer).
  public func tensor(named name: String) throws(FileFormatError) -> Tensor {
    let (entry, elements) = try find(name)
    let shape = Shape(entry.shape)
    if entry.type == .float32, Int(bitPattern: elements) % MemoryLayout<Float>.alignment == 0 {
      return Tensor(borrowing: elements.assumingMemoryBound(to: Float.self), shape: shape, from: file)
    }
    var isConverted = false
    let tensor = withExtendedLifetime(file) {
      Tensor(uninitialized: shape) { target in
        isConverted = entry.type.convert(elements, to: target, count: shape.elementCount)
        if !isConverted { target.update(repeating: 0, count: shape.elementCount) }
      }
    }
    if !isConverted { throw wrongType(entry, expected: "a type that converts to floats") }
    file.isReturned(elements, byteCount: entry.byteRange.count)
    return tensor
  }

  /// All tensors as floats, in the order of `entries`.
  ///
  /// ```swift
  /// try model.load(StateDictionary(SafetensorsFile(contentsOf: file).tensors()))
  /// ```
  ///
  /// - Throws: all tensors whose type does not convert to floats.
  public func tensors() throws(FileFormatError) -> [(name: String, tensor: Tensor)] {
    var tensors: [(name: String, tensor: Tensor)] = []
    var problems: [FileFormatError.Problem] = []
    for entry in entries {
      do throws(FileFormatError) {
        tensors.append((entry.name, try tensor(named: entry.name)))
      } catch {
        problems += error.problems
      }
    }
    guard problems.isEmpty else { throw FileFormatError(path: path, problems: problems) }
    return tensors
  }

  /// A tensor of integers, such as token ids, labels or masks.
  ///
  /// - Throws: if there is no such tensor, if its type is not an integer type, or if values do not fit into 32 bits.
  public func indices(named name: String) throws(FileFormatError) -> IndexTensor {
    let (entry, elements) = try find(name)
    let converted = withExtendedLifetime(file) { entry.type.indices(elements, count: entry.elementCount) }
    guard let (values, misfits) = converted else { throw wrongType(entry, expected: "an integer type") }
    if let first = misfits.first {
      let others = misfits.count == 1 ? "" : " (and \(misfits.count - 1) more)"
      throw FileFormatError(
        path: path, place: .key("tensor \(quoted(name)), element \(first.position)"),
        expected: "a number from \(Int32.min) to \(Int32.max)", found: first.value + others)
    }
    return IndexTensor(values, shape: Shape(entry.shape))
  }

  /// A tensor's bytes as they are stored, in little-endian order. This is for types that have no conversion.
  ///
  /// - Throws: if there is no such tensor.
  public func bytes(named name: String) throws(FileFormatError) -> Data {
    let (entry, elements) = try find(name)
    return withExtendedLifetime(file) { Data(bytes: elements, count: entry.byteRange.count) }
  }

  /// - Returns: the entry, and the address of its first element, which is valid while `file` lives.
  private func find(_ name: String) throws(FileFormatError) -> (Entry, UnsafeRawPointer) {
    guard let entry = entry(named: name), let start = file.bytes.baseAddress else {
      throw FileFormatError(path: path, place: .key("tensor \(quoted(name))"), expected: "a tensor", found: summary)
    }
    return (entry, start + entry.byteRange.lowerBound)
  }

  /// The names of the existing tensors, for the message about a missing one.
  private var summary: String {
    let names = entries.prefix(8).map { quoted($0.name) } + (entries.count > 8 ? ["… (\(entries.count) in all)"] : [])
    return names.isEmpty ? "no tensors at all" : "only " + names.joined(separator: ", ")
  }

  private func wrongType(_ entry: Entry, expected: String) -> FileFormatError {
    FileFormatError(
      path: path, place: .key("tensor \(quoted(entry.name)), dtype"), expected: expected, found: entry.type.rawValue)
  }
}
