// Where a tokenizer's files lie: in a folder, or in memory. Read next: TokenizerSettings.swift, PlainTokenizer.swift.

import ApusFiles
import Foundation

/// Files by name.
struct TokenizerFolder {
  private enum Place {
    case folder(URL)
    case memory([String: [UInt8]])
  }

  private let place: Place

  /// The files of a folder.
  init(_ url: URL) { place = .folder(url) }

  /// Files that are in memory already.
  init(_ files: [String: [UInt8]]) { place = .memory(files) }

  /// Whether there is something of this name.
  func has(_ name: String) -> Bool {
    switch place {
    case .folder(let url):
      FileManager.default.fileExists(atPath: url.appending(path: name).path(percentEncoded: false))
    case .memory(let files): files[name] != nil
    }
  }

  /// A file's bytes.
  ///
  /// - Throws: it is not there, or cannot be read.
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

  /// The object in a JSON file, nil if there is no file.
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
