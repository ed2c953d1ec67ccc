// Comments that send the reader to another file name one that exists.
// Read first: Repository.swift.

import Foundation
import Testing

@Suite struct ReferenceTests {
  private static let paths = Repository.files.map(\.path)
  private static let pathsByName = Dictionary(grouping: paths) { $0.split(separator: "/").last.map(String.init) ?? "" }

  /// A bare name leads to a file of the same module or to the only file of that name; a path begins in the folder of the
  /// comment, in Sources, or in the package's folder.
  private static func exists(_ reference: String, from file: String) -> Bool {
    let folder = file.split(separator: "/").dropLast().joined(separator: "/")
    if !reference.contains("/") {
      let candidates = pathsByName[reference] ?? []
      let module = file.split(separator: "/").prefix(2).joined(separator: "/") + "/"
      return candidates.count == 1 || candidates.contains { $0.hasPrefix(module) }
    }
    return [folder, "Sources", ""].contains { base in
      let url = Repository.root.appendingPathComponent(base).appendingPathComponent(reference)
      return FileManager.default.fileExists(atPath: url.standardizedFileURL.path)
    }
  }

  @Test func referencesLead() throws {
    let pattern = try NSRegularExpression(pattern: #"(?<![\w*?+])(?:\.\./)*[\w+./-]*\w\.swift\b"#)
    for file in Repository.files where file.path.hasSuffix(".swift") {
      for (index, line) in file.lines.enumerated() where line.hasPrefix("// ") || line.trimmed.hasPrefix("///") {
        let text = String(line)
        for match in pattern.matches(in: text, range: NSRange(text.startIndex..., in: text)) {
          guard let range = Range(match.range, in: text) else { continue }
          let reference = String(text[range])
          if !Self.exists(reference, from: file.path) { Issue.record("\(file):\(index + 1): no file \(reference)") }
        }
      }
    }
  }
}
