// The tables of model families in the README and in the wings' documentation are those of the families' manifests.
// Read first: Sources/ApusPublished/Families/ModelFamily.swift, Sources/Apus/Registry.swift.

import Apus
import Foundation
import Testing

@Suite struct FamilyTableTests {
  /// The folder in Sources whose files declare a family.
  private static func folder(of family: ModelFamily) throws -> String {
    let declaration = "modelTypes: [\"\(family.modelTypes[0])\""
    let files = Repository.sources(in: "Sources").filter { $0.text.contains(declaration) && $0.path.contains("+") }
    let file = try #require(files.first, "no file declares \(family.title)")
    return file.path.split(separator: "/").dropLast().joined(separator: "/")
  }

  private static func row(_ family: ModelFamily, linked: Bool) throws -> String {
    let title = linked ? "[\(family.title)](\(try folder(of: family)))" : family.title
    let types = family.modelTypes.map { $0.contains(" ") ? "none" : "`\($0)`" }.joined(separator: ", ")
    return "| \(title) | \(types) | \(family.tasks.map(\.summary).joined(separator: ", ")) |"
  }

  /// The rows of the table below a header line, up to the first line that is no row.
  private static func rows(in path: String, below header: String) throws -> [String] {
    let file = try #require(Repository.file(path), "\(path) is missing")
    let start = try #require(file.lines.firstIndex { $0 == header }, "\(path) has no line '\(header)'")
    return file.lines[(start + 2)...].prefix { $0.hasPrefix("|") }.map(String.init)
  }

  private static let header = "| family | `model_type` | tasks |"

  /// A missing or outdated row is printed as it has to be.
  @Test func theReadmeListsAllFamilies() throws {
    let found = try Self.rows(in: "README.md", below: Self.header)
    for family in ModelFamily.all {
      let row = try Self.row(family, linked: true)
      #expect(found.contains(row), "README.md lacks the row\n\(row)")
    }
    #expect(found.count == ModelFamily.all.count, "README.md has \(found.count) rows")
  }

  @Test(arguments: [
    ("ApusLanguage", ModelFamily.language), ("ApusVision", ModelFamily.vision),
    ("ApusMultimodal", ModelFamily.multimodal),
  ])
  func aWingsDocumentationListsItsFamilies(_ wing: String, _ families: [ModelFamily]) throws {
    let found = try Self.rows(in: "Sources/\(wing)/\(wing).docc/\(wing).md", below: Self.header)
    for family in families {
      let row = try Self.row(family, linked: false)
      #expect(found.contains(row), "\(wing).md lacks the row\n\(row)")
    }
    #expect(found.count == families.count)
  }

  @Test func namesAreUnique() {
    let types = ModelFamily.all.flatMap(\.modelTypes)
    #expect(Set(types).count == types.count)
    for family in ModelFamily.all {
      let names = family.heads.flatMap(\.architectures)
      #expect(Set(names).count == names.count, "\(family.title)")
      #expect(
        family.paper.contains("arXiv") || family.paper.contains("20"),
        "\(family.title): a paper with its year or arXiv number")
    }
  }
}
