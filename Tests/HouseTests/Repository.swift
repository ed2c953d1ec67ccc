// The package's own text files and their lines, as the house rules read them.
// Read next: FileRulesTests.swift.

import Foundation

/// A text file of the package.
struct RepositoryFile: Sendable, CustomStringConvertible {
  /// The path relative to the package's folder, with slashes.
  let path: String
  let text: String

  var lines: [Substring] { text.split(separator: "\n", omittingEmptySubsequences: false) }
  var description: String { path }
}

enum Repository {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// Every text file that people write, sorted by path; symbolic links are left out, because their targets are
  /// included.
  static let files: [RepositoryFile] = {
    let folders = ["Sources", "Tests", "Benchmarks", "Docs", ".ci"].flatMap { contents(of: $0) }
    let top = ["Package.swift", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", ".swift-format", ".gitignore"]
    return (folders + top).sorted().compactMap { file($0) }
  }()

  /// The Swift sources below a folder.
  static func sources(in folder: String) -> [RepositoryFile] {
    files.filter { $0.path.hasPrefix(folder + "/") && $0.path.hasSuffix(".swift") }
  }

  static func file(_ path: String) -> RepositoryFile? {
    guard let text = try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8) else { return nil }
    return RepositoryFile(path: path, text: text)
  }

  /// The names in a folder, sorted.
  static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []).sorted()
  }

  static func isLink(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: root.appendingPathComponent(path).path)
    return attributes?[.type] as? FileAttributeType == .typeSymbolicLink
  }

  private static func contents(of folder: String) -> [String] {
    names(in: folder).flatMap { name -> [String] in
      let path = folder + "/" + name
      // The build folder of the embedder, and Python's cache.
      if isLink(path) || name == ".build" || name == "__pycache__" { return [] }
      var isFolder: ObjCBool = false
      _ = FileManager.default.fileExists(atPath: root.appendingPathComponent(path).path, isDirectory: &isFolder)
      if isFolder.boolValue { return contents(of: path) }
      return textEndings.contains(where: name.hasSuffix) || folder == ".ci" ? [path] : []
    }
  }

  private static let textEndings = [".swift", ".md", ".py", ".json", ".sh", ".svg"]
}

extension StringProtocol {
  /// The text without whitespace at either end.
  var trimmed: String { trimmingCharacters(in: .whitespaces) }

  /// A source line without its `//` comment, if it has one. (A `//` inside a string literal counts as a comment.)
  var code: String {
    guard let start = range(of: "//") else { return String(self) }
    return String(self[..<start.lowerBound])
  }
}
