// Comments and documents: doc comments open with a noun phrase or a verb, and use the field's standard terms.
// Read first: Repository.swift, DocumentationTests.swift.

import Foundation
import Testing

@Suite struct ProseTests {
  /// Openings that make a doc comment a fragment.
  private static let openings = ["Of ", "What ", "Whether it "]

  /// Terms to avoid, in lower case, each with the standard term; an inflected form begins like its term.
  private static let terms = [
    "behaviour": "behavior",
    "by heart": "memorize",
    "colour": "color",
    "evenly distributed": "uniformly distributed",
    "features inside": "intermediate size",
    "features of a token": "hidden size",
    "goes past it": "residual connection",
    "heads of keys": "KV heads",
    "hidden vector": "hidden states",
    "neighbour": "neighbor",
    "norms behind": "post-norm",
    "norms in front": "pre-norm",
    "picture": "image",
    "rate of learning": "learning rate",
    "scores of classes": "logits",
    "scores of the classes": "logits",
    "scores of the tokens": "logits",
    "scores of tokens": "logits",
    "sentence vector": "sentence embedding",
    "vector of a sentence": "sentence embedding",
    "vector of a token": "embedding",
    "whole numbers": "integers",
    "word vector": "word embedding",
  ]

  /// The Swift sources and all documents except the list of changes.
  private static let files = Repository.files.filter { file in
    let isSource = file.path.hasPrefix("Sources/") && file.path.hasSuffix(".swift")
    return isSource || file.path.hasSuffix(".md") && file.path != "CHANGELOG.md"
  }

  /// The comments of a source, or all lines of a document, with their line numbers.
  private static func prose(of file: RepositoryFile) -> [(line: Int, text: String)] {
    file.lines.enumerated().compactMap { index, line in
      if file.path.hasSuffix(".md") { return (index + 1, line.trimmed) }
      guard let start = line.range(of: "//") else { return nil }
      return (index + 1, line[start.lowerBound...].drop { $0 == "/" }.trimmed)
    }
  }

  /// The doc comments that begin with one of the openings.
  private static func fragments(in file: RepositoryFile) -> [String] {
    let lines = file.lines.map { $0.trimmed }
    return lines.indices.compactMap { index in
      let begins = lines[index].hasPrefix("/// ") && (index == 0 || !lines[index - 1].hasPrefix("///"))
      guard begins, openings.contains(where: lines[index].dropFirst(4).hasPrefix) else { return nil }
      return "\(file):\(index + 1): a fragment: \(lines[index])"
    }
  }

  /// The terms to avoid that the file contains; a term may be split between two adjacent lines.
  private static func avoidableTerms(in file: RepositoryFile) -> [String] {
    let prose = prose(of: file).map { (line: $0.line, text: $0.text.lowercased()) }
    let all = prose.map(\.text).joined(separator: " ")
    return terms.filter { all.contains($0.key) }.sorted { $0.key < $1.key }.flatMap { term, standard in
      prose.indices.compactMap { index -> String? in
        let (line, text) = prose[index]
        let next = index + 1 < prose.count && prose[index + 1].line == line + 1 ? prose[index + 1].text : ""
        let isSplit = !next.contains(term) && "\(text) \(next)".contains(term)
        return text.contains(term) || isSplit ? "\(file):\(line): \"\(term)\" (the standard term: \(standard))" : nil
      }
    }
  }

  @Test func theScanFindsBoth() {
    let source = RepositoryFile(
      path: "Sources/Sample.swift",
      text: """
        /// Of the layer.
        let rate = 0.1  // Pictures per second
        /// The number of heads of
        /// keys.
        let heads = 2
        """)
    #expect(Self.fragments(in: source) == ["Sources/Sample.swift:1: a fragment: /// Of the layer."])
    #expect(
      Self.avoidableTerms(in: source) == [
        "Sources/Sample.swift:3: \"heads of keys\" (the standard term: KV heads)",
        "Sources/Sample.swift:2: \"picture\" (the standard term: image)",
      ])
    #expect(Self.files.contains { $0.path == "README.md" } && Self.files.count > 200)
  }

  @Test func docCommentsOpenWithASubject() {
    for fragment in Self.files.flatMap(Self.fragments) { Issue.record("\(fragment)") }
  }

  @Test func termsAreTheFieldsOwn() {
    for term in Self.files.flatMap(Self.avoidableTerms) { Issue.record("\(term)") }
  }
}
