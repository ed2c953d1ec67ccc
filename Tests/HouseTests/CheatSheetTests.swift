// Every name in the cheat sheet for PyTorch users is declared and public.
// Read first: Repository.swift; Docs/Reference/FromPyTorch.md.

import Foundation
import Testing

@Suite struct CheatSheetTests {
  /// Words in the right columns that stand for the reader's own tensors.
  private let ownNames: Set<String> = ["data", "dy", "gradients", "logits", "src", "table"]
  private let keywords: Set<String> = ["false", "in", "let", "true", "try"]
  /// A module, and the two cases of an enumeration, which are declared without the word `public`.
  private let others: Set<String> = ["ApusTesting", "first", "second"]

  /// The names in the right columns: words in code that are not argument labels.
  private func promisedNames() throws -> Set<String> {
    let sheet = try #require(Repository.file("Docs/Reference/FromPyTorch.md"))
    var names = Set<String>()
    for line in sheet.lines where line.hasPrefix("| `") {
      let columns = line.dropFirst(2).components(separatedBy: " | ")
      guard columns.count == 2 else {
        Issue.record("not two columns: \(line)")
        continue
      }
      for (index, code) in columns[1].components(separatedBy: "`").enumerated() where index % 2 == 1 {
        let unquoted = code.replacing(/"[^"]*"/, with: "")
        for match in unquoted.matches(of: /[A-Za-z]{2,}(?![A-Za-z]*:)/) { names.insert(String(match.output)) }
      }
    }
    return names
  }

  @Test func everyNameIsPublic() throws {
    let names = try promisedNames().subtracting(ownNames).subtracting(keywords).subtracting(others)
    #expect(names.count > 120, "the sheet was not read")
    var declared = Set<String>()
    for file in Repository.sources(in: "Sources") {
      for line in file.lines where line.contains("public ") || line.contains("open ") {
        let pattern = /\b(?:public|open) .*?\b(?:func|class|struct|protocol|var|let|enum) (?<name>[A-Za-z]+)/
        if let match = line.firstMatch(of: pattern) { declared.insert(String(match.output.name)) }
      }
    }
    let missing = names.subtracting(declared).sorted()
    #expect(missing.isEmpty, "Docs/Reference/FromPyTorch.md names declarations that do not exist: \(missing)")
  }
}
