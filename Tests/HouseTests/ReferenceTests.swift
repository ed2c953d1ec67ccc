// Comments that send the reader to another file name one that exists.
// Read first: Repository.swift.

import Foundation
import Testing

@Suite struct ReferenceTests {
  private static let paths = Repository.files.map(\.path)
  private static let pathsByName = Dictionary(grouping: paths) { $0.split(separator: "/").last.map(String.init) ?? "" }

  /// A bare name leads to a file of the same module or to the only file of that name. A path begins in the folder of the
  /// comment, in Sources, in the package's folder, or, in a list, where the path before it leads.
  private static func exists(_ reference: String, from file: String, after previous: String?) -> Bool {
    let module = file.split(separator: "/").prefix(2).joined(separator: "/") + "/"
    let candidates = pathsByName[reference] ?? []
    if candidates.count == 1 || candidates.contains(where: { $0.hasPrefix(module) }) { return true }
    var bases = [folder(of: file), "Sources", ""]
    if let previous {
      let before = ["", "Sources/"].map { folder(of: $0 + previous) }
      bases += before + before.map { folder(of: $0) }
    }
    return bases.contains { base in
      let url = Repository.root.appendingPathComponent(base).appendingPathComponent(reference)
      return FileManager.default.fileExists(atPath: url.standardizedFileURL.path)
    }
  }

  private static func folder(of path: String) -> String { path.split(separator: "/").dropLast().joined(separator: "/") }

  @Test func referencesLead() throws {
    let pattern = try NSRegularExpression(pattern: #"(?<![\w*?+])(?:\.\./)*[\w+./-]*\w\.swift\b"#)
    for file in Repository.files where file.path.hasSuffix(".swift") && !file.path.hasSuffix("ProseTests.swift") {
      for (index, line) in file.lines.enumerated() where line.hasPrefix("// ") || line.trimmed.hasPrefix("///") {
        let text = String(line)
        var previous: String?
        for match in pattern.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
          guard let range = Range(match.range, in: text) else { continue }
          let reference = String(text[range])
          let isThere = Self.exists(reference, from: file.path, after: previous)
          if !isThere { Issue.record("\(file):\(index + 1): no file \(reference)") }
          if reference.contains("/") { previous = reference }
        }
      }
    }
  }
}
