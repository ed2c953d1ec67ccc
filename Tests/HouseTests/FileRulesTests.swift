// Rules for single files: short, opened by a comment, nothing forced, no task marks, no paths of a particular machine.
// Read first: Repository.swift.

import Foundation
import Testing

@Suite struct FileRulesTests {
  @Test func theFilesAreFound() {
    #expect(Repository.sources(in: "Sources").count > 100)
    #expect(Repository.sources(in: "Tests").contains { $0.path == "Tests/HouseTests/FileRulesTests.swift" })
  }

  @Test func filesAreShort() {
    for file in Repository.files where file.path.hasSuffix(".swift") || file.path.hasPrefix(".ci/") {
      let count = file.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
      #expect(count <= 400, "\(file) has \(count) lines")
    }
  }

  /// The first two lines say what the file contains and what to read next.
  @Test func sourcesOpenWithAComment() {
    for file in Repository.files where file.path.hasSuffix(".swift") {
      #expect(file.text.hasPrefix("// "), "\(file) does not open with a comment")
    }
  }

  @Test func filesEndWithOneLineBreak() {
    for file in Repository.files {
      #expect(file.text.hasSuffix("\n") && !file.text.hasSuffix("\n\n"), "\(file)")
    }
  }

  /// A caller's mistake stops the program through `require`, with a message; all other failures are thrown errors.
  @Test func nothingIsForced() {
    let forbidden = ["try!", " as! ", "fatalError("]
    let sources = Repository.sources(in: "Sources") + Repository.sources(in: "Benchmarks")
    for file in sources where file.path != "Sources/ApusBase/Stop.swift" {
      for (index, line) in file.lines.enumerated() {
        for word in forbidden where line.code.contains(word) {
          Issue.record("\(file):\(index + 1): \(word) — \(line.trimmed)")
        }
      }
    }
  }

  @Test func nothingIsLeftToDo() {
    let forbidden = ["TO" + "DO", "FIX" + "ME"]
    for file in Repository.files {
      for (index, line) in file.lines.enumerated() {
        for word in forbidden where line.contains(word) {
          Issue.record("\(file):\(index + 1): \(word) — \(line.trimmed)")
        }
      }
    }
  }

  /// Files must work on any machine, so they name no folder of a particular one.
  @Test func noPathsOfOneMachine() {
    let forbidden = ["work", "root", "home", "Users"].map { "/\($0)/" }
    for file in Repository.files where !file.path.hasPrefix("Tests/Fixtures") {
      for (index, line) in file.lines.enumerated() {
        for word in forbidden where line.contains(word) {
          Issue.record("\(file):\(index + 1): \(word) — \(line.trimmed.prefix(120))")
        }
      }
    }
  }

  /// On a Mac, `sources/apus` and `Sources/Apus` are the same folder.
  @Test func noTwoPathsDifferByCaseAlone() {
    let paths = Repository.files.map(\.path)
    let repeated = Dictionary(grouping: paths) { $0.lowercased() }.values.filter { $0.count > 1 }
    #expect(repeated.isEmpty, "\(repeated)")
    let modules = Repository.names(in: "Sources") + Repository.names(in: "Tests")
    #expect(Set(modules.map { $0.lowercased() }).count == modules.count)
  }
}
