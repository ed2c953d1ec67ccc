// The weights of a published model: one safetensors file, or shards with an index.
// Read first: ../Safetensors/Safetensors.swift. Read next: ModelFolder.swift.

public import ApusFiles
public import ApusTensor
public import Foundation

/// All tensors of a model by their published names, whichever file contains them.
public struct ModelWeights: Sendable {
  /// The path of the file, or of the index of the shards.
  public let path: String
  /// The tensors, in the order of the files and of the bytes in each file.
  public let entries: [SafetensorsFile.Entry]
  private let files: [String: SafetensorsFile]

  /// The name of the file if there are no shards.
  public static let fileName = "model.safetensors"
  /// The name of the index, which maps each tensor to its shard.
  public static let indexName = "model.safetensors.index.json"

  /// Opens the weights in a folder: `model.safetensors`, or the shards that `model.safetensors.index.json` lists.
  ///
  /// The files are mapped; elements are read when a tensor is requested.
  ///
  /// - Throws: if neither exists; or everything that is wrong with the header of a file, or with the index.
  public init(inFolder folder: URL) throws(FileFormatError) {
    let single = folder.appendingPathComponent(ModelWeights.fileName)
    let index = folder.appendingPathComponent(ModelWeights.indexName)
    let manager = FileManager.default
    if manager.fileExists(atPath: single.path) || !manager.fileExists(atPath: index.path) {
      try ModelWeights.explainOtherFormats(single, folder)
      self.init(try SafetensorsFile(contentsOf: single))
    } else {
      try self.init(index: ConfigurationReader(contentsOf: index)) { (name) throws(FileFormatError) in
        try SafetensorsFile(contentsOf: folder.appendingPathComponent(name))
      }
    }
  }

  /// Wraps a single file.
  package init(_ file: SafetensorsFile) {
    path = file.path
    entries = file.entries
    files = Dictionary(file.entries.map { ($0.name, file) }, uniquingKeysWith: { first, _ in first })
  }

  /// The entry of a tensor, or nil if there is no tensor of this name.
  public func entry(named name: String) -> SafetensorsFile.Entry? { files[name]?.entry(named: name) }

  /// A tensor's elements as floats; F32 is not copied.
  ///
  /// - Throws: if there is no such tensor, or if its type does not convert to floats.
  public func tensor(named name: String) throws(FileFormatError) -> Tensor {
    guard let file = files[name] else {
      throw FileFormatError(path: path, place: .key("tensor \(quoted(name))"), expected: "a tensor", found: "nothing")
    }
    return try file.tensor(named: name)
  }

  // MARK: Shards

  /// Reads the tensors that an index lists, from shards that `open` finds by name.
  init(
    index reader: ConfigurationReader, open: (String) throws(FileFormatError) -> SafetensorsFile
  ) throws(FileFormatError) {
    path = reader.path
    guard let map = reader.object("weight_map") else {
      if !reader.has("weight_map") { reader.note("weight_map", expected: "an object", found: "nothing") }
      try reader.check()
      throw FileFormatError(path: path, place: "weight_map", expected: "an object", found: "something else")
    }
    var shards: [String: SafetensorsFile] = [:]
    var (entries, files): ([SafetensorsFile.Entry], [String: SafetensorsFile]) = ([], [:])
    let placed = map.keys.compactMap { name in map.string(name).map { (name: name, shard: $0) } }
    for shard in Set(placed.map(\.shard)).sorted() {
      // The index is untrusted: it must not refer to files outside its folder.
      guard !shard.isEmpty, !shard.contains("/"), !shard.contains("\\"), shard != "..", shard != "." else {
        reader.note("weight_map", expected: "names of files in the folder", found: quoted(shard))
        continue
      }
      do throws(FileFormatError) {
        let file = try open(shard)
        shards[shard] = file
        entries += file.entries
      } catch {
        for problem in error.problems {
          reader.note("weight_map, \(shard)", expected: problem.expected, found: problem.found)
        }
      }
    }
    for (name, shard) in placed {
      guard let file = shards[shard] else { continue }
      if file.entry(named: name) == nil {
        reader.note("weight_map.\(name)", expected: "a tensor in \(shard)", found: "no tensor of that name")
      }
      files[name] = file
    }
    for entry in entries where files[entry.name] == nil {
      reader.note("weight_map", expected: "every tensor of the shards", found: "no \(quoted(entry.name))")
    }
    try reader.check()
    (self.entries, self.files) = (entries, files)
  }

  /// Throws an error that names a format which the folder holds in place of safetensors, if there is one.
  private static func explainOtherFormats(_ single: URL, _ folder: URL) throws(FileFormatError) {
    guard !FileManager.default.fileExists(atPath: single.path) else { return }
    let others = ["pytorch_model.bin", "tf_model.h5", "flax_model.msgpack"]
    guard let other = others.first(where: { FileManager.default.fileExists(atPath: folder.path + "/" + $0) }) else {
      return
    }
    throw FileFormatError(
      path: single.readablePath, expected: "a readable file",
      found: "only \(other), which must be saved as safetensors first")
  }
}
