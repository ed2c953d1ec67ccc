// The code in the documents equals the code in Examples/, which is compiled with these tests and does what it says.
//
// A marked block in a document equals all regions of that name, joined by blank lines:
//
//     <!-- compiled: Name -->        // snippet: Name
//     ```swift                       …
//     …                              // end snippet
//     ```

import Apus
import Foundation
import Testing

@Suite struct ExamplesTests {
  /// The regions of all examples by name, without their indentation.
  private static let snippets: [String: String] = {
    var regions: [String: [String]] = [:]
    for file in Repository.sources(in: "Tests/HouseTests/Examples") {
      var name: String?
      var lines: [String] = []
      for line in file.lines {
        let text = line.trimmed
        if text.hasPrefix("// snippet: ") {
          name = String(text.dropFirst("// snippet: ".count))
          lines = []
        } else if text == "// end snippet" {
          if let name { regions[name, default: []].append(unindented(lines)) }
          name = nil
        } else if name != nil {
          lines.append(String(line))
        }
      }
    }
    return regions.mapValues { $0.joined(separator: "\n\n") }
  }()

  private static func unindented(_ lines: [String]) -> String {
    // The formatter adds a blank line after imports.
    let lines = lines.reversed().drop { $0.trimmed.isEmpty }.reversed()
    let indents = lines.filter { !$0.trimmed.isEmpty }.map { $0.prefix { $0 == " " }.count }
    return lines.map { String($0.dropFirst(indents.min() ?? 0)) }.joined(separator: "\n")
  }

  /// The marked blocks of the documents.
  private static let blocks: [(place: String, name: String, code: String)] = {
    var result: [(place: String, name: String, code: String)] = []
    for file in Repository.files where file.path.hasSuffix(".md") {
      let lines = file.lines.map(String.init)
      for (index, line) in lines.enumerated() where line.hasPrefix("<!-- compiled: ") {
        let name = line.dropFirst("<!-- compiled: ".count).prefix { $0 != " " }
        let code = lines[(index + 1)...].drop { $0 != "```swift" }.dropFirst().prefix { $0 != "```" }
        result.append(("\(file):\(index + 1)", String(name), code.joined(separator: "\n")))
      }
    }
    return result
  }()

  @Test func documentsShowWhatIsCompiled() {
    #expect(Self.blocks.contains { $0.place.hasPrefix("README.md") })
    #expect(Self.blocks.contains { $0.place.hasPrefix("CONTRIBUTING.md") })
    for block in Self.blocks {
      #expect(Self.snippets[block.name] == block.code, "\(block.place) differs from Examples/: \(block.name)")
    }
    #expect(Set(Self.snippets.keys) == Set(Self.blocks.map(\.name)), "examples that no document shows")
  }

  /// Code that is not compiled becomes stale.
  @Test func theReadmeShowsNoOtherSwift() throws {
    for name in ["README.md", "CONTRIBUTING.md"] {
      let lines = try #require(Repository.file(name)).lines
      for (index, line) in lines.enumerated() where line == "```swift" {
        let isMarked = index > 0 && lines[index - 1].hasPrefix("<!-- compiled: ")
        let isManifest = index + 1 < lines.count && lines[index + 1].hasPrefix(".package(")
        #expect(isMarked || isManifest, "\(name):\(index + 1): a block that is not compiled")
      }
    }
  }

  /// Every link from a document to a file of this package leads to an existing file.
  @Test func linksLead() {
    for file in Repository.files where file.path.hasSuffix(".md") {
      for match in file.text.matches(of: /\]\((?<target>[^)\s#]+)(#[^)]*)?\)/) {
        let target = String(match.output.target)
        if target.contains("://") { continue }
        let folder = Repository.root.appendingPathComponent(file.path).deletingLastPathComponent()
        let path = folder.appendingPathComponent(target).path
        #expect(FileManager.default.fileExists(atPath: path), "\(file) links to \(target)")
      }
    }
  }

  // MARK: Results of the examples

  @Test func embeddingLearnsXORAndSavesIt() throws {
    let result = try embeddingExample()
    #expect(result.loss < 0.05)
    #expect(result.scores == result.savedScores)
  }

  @Test func aCustomOperationHasItsGradient() {
    let slope = gradient(at: Tensor([2, -3])) { softsign($0).sum() }
    let expected: [Float] = [1.0 / 9, 1.0 / 16]
    #expect(zip(slope.scalars, expected).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func aCustomLayerTrains() {
    let layer = Gated(3, 2)
    #expect(layer.parameterCount == 16)
    #expect(layer.namedParameters.map(\.name) == ["value.weight", "value.bias", "gate.weight", "gate.bias"])
    let (_, gradients) = valueAndGradients { layer(.ones([4, 3])).sum() }
    #expect(gradients.count == 4)
  }
}
