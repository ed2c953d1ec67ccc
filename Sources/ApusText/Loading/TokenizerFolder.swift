// The files of a tokenizer, in a folder or in memory. Read next: TokenizerSettings.swift, PlainTokenizer.swift.

import ApusFiles
import Foundation

/// Gives access to files by name.
struct TokenizerFolder {
  private enum Place {
    case folder(URL)
    case memory([String: [UInt8]])
  }

  private let place: Place

  /// The files in a folder.
  init(_ url: URL) { place = .folder(url) }

  /// Files that are already in memory.
  init(_ files: [String: [UInt8]]) { place = .memory(files) }

  /// Whether a file or folder with this name exists.
  func has(_ name: String) -> Bool {
    switch place {
    case .folder(let url):
      FileManager.default.fileExists(atPath: url.appending(path: name).path(percentEncoded: false))
    case .memory(let files): files[name] != nil
    }
  }

  /// The contents of a file.
  ///
  /// - Throws: if the file does not exist or cannot be read.
  func file(_ name: String) throws(FileFormatError) -> MappedFile {
    switch place {
    case .folder(let url): return try MappedFile(contentsOf: url.appending(path: name))
    case .memory(let files):
      guard let bytes = files[name] else {
        throw FileFormatError(path: name, expected: "a readable file", found: "no such file")
      }
      return MappedFile(copying: Data(bytes), name: name)
    }
  }

  /// The object in a JSON file, or nil if the file does not exist.
  func object(_ name: String) throws(FileFormatError) -> JSONField? {
    guard has(name) else { return nil }
    let file = try file(name)
    return try withExtendedLifetime(file) { () throws(FileFormatError) in
      let root = JSONField(tree: try JSONDocument(file.bytes, path: file.path), place: "", path: file.path)
      _ = try root.members()
      return root
    }
  }
}
