// Named tensors in a file: the safetensors format, read without copying.
// Read first: SafetensorsHeader.swift, MappedFile.swift. Read next: SafetensorsWriter.swift.

public import ApusFiles
public import ApusTensor
public import Foundation

#if _endian(big)
  #error("safetensors files hold little-endian numbers, and this reader copies them as they are")
#endif

/// A safetensors file: named tensors, and some text about them.
///
/// Opening a file maps it and checks its whole directory, however it was made: a file that opens has sound types,
/// shapes and ranges. Elements are read when a tensor is asked for.
///
/// ```swift
/// let file = try SafetensorsFile(contentsOf: url)
/// for entry in file.entries { print(entry.name, entry.type.rawValue, entry.shape) }
/// let weight = try file.tensor(named: "wte.weight")
/// ```
///
/// Names that differ only in how an accent is encoded count as the same, as everywhere in Swift.
public final class SafetensorsFile: Sendable {
  /// One tensor of the file.
  public struct Entry: Sendable, Hashable {
    /// The name that it is asked for by.
    public let name: String
    /// How each element is stored.
    public let type: ElementType
    /// The sizes of the axes, outermost first; at most eight, as for `Shape`.
    public let shape: [Int]
    /// Where the elements lie, counted from the file's first byte.
    public let byteRange: Range<Int>

    /// The number of elements.
    public var elementCount: Int { shape.reduce(1, *) }
  }

  /// The file, as the caller named it.
  public let path: String
  /// Free text: who made the file, a configuration.
  public let metadata: [String: String]
  /// The tensors, in the order of their bytes.
  public let entries: [Entry]
  private let positions: [String: Int]
  private let file: MappedFile

  /// Opens a file.
  ///
  /// - Throws: the file cannot be read, or everything that is wrong with its header.
  /// - Complexity: O(header); the elements are not touched.
  public convenience init(contentsOf url: URL) throws(FileFormatError) {
    try self.init(MappedFile(contentsOf: url))
  }

  /// Takes a file's bytes that are in memory already, with a name for messages.
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

  /// The entry of a tensor, if the file has one of this name.
  public func entry(named name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// A tensor's elements as floats.
  ///
  /// F32 is not copied: the tensor borrows the mapped file, which lives as long as it does. (A file whose header is
  /// no multiple of 4 bytes long is copied.) F16 and BF16 become exactly the floats that they are, bit patterns of
  /// NaNs included; F64 and integers of more than 24 bits are rounded to the nearest; BOOL becomes 0 and 1.
  ///
  /// - Throws: there is no such tensor, or its type has no floats (complex numbers, 8 bits and less of a float).
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
  /// - Throws: which tensors have a type without floats, all of them.
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

  /// A tensor of whole numbers: token ids, labels, masks.
  ///
  /// - Throws: there is no such tensor, its type is no integer type, or numbers do not fit 32 bits.
  public func indices(named name: String) throws(FileFormatError) -> IndexTensor {
    let (entry, elements) = try find(name)
    let converted = withExtendedLifetime(file) { entry.type.indices(elements, count: entry.elementCount) }
    guard let (values, misfits) = converted else { throw wrongType(entry, expected: "an integer type") }
    if let first = misfits.first {
      let others = misfits.count == 1 ? "" : " (and \(misfits.count - 1) more such)"
      throw FileFormatError(
        path: path, place: .key("tensor \(quoted(name)), element \(first.position)"),
        expected: "a number from \(Int32.min) to \(Int32.max)", found: first.value + others)
    }
    return IndexTensor(values, shape: Shape(entry.shape))
  }

  /// A tensor's bytes as they are stored, little-endian: for types that have no conversion.
  ///
  /// - Throws: there is no such tensor.
  public func bytes(named name: String) throws(FileFormatError) -> Data {
    let (entry, elements) = try find(name)
    return withExtendedLifetime(file) { Data(bytes: elements, count: entry.byteRange.count) }
  }

  /// - Returns: the entry, and the address of its first element, valid while `file` lives.
  private func find(_ name: String) throws(FileFormatError) -> (Entry, UnsafeRawPointer) {
    guard let entry = entry(named: name), let start = file.bytes.baseAddress else {
      throw FileFormatError(path: path, place: .key("tensor \(quoted(name))"), expected: "a tensor", found: summary)
    }
    return (entry, start + entry.byteRange.lowerBound)
  }

  /// The names that there are, for the message about one that there is not.
  private var summary: String {
    let names = entries.prefix(8).map { quoted($0.name) } + (entries.count > 8 ? ["… (\(entries.count) in all)"] : [])
    return names.isEmpty ? "no tensors at all" : "only " + names.joined(separator: ", ")
  }

  private func wrongType(_ entry: Entry, expected: String) -> FileFormatError {
    FileFormatError(
      path: path, place: .key("tensor \(quoted(entry.name)), dtype"), expected: expected, found: entry.type.rawValue)
  }
}
