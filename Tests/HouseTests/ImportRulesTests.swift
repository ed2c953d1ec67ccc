// Imports go down: the modules of the package and of the system that each module may import.
// Docs/Decisions/0001-floors.md says why. Read first: Repository.swift.

import Foundation
import Testing

@Suite struct ImportRulesTests {
  /// The modules that a module may import.
  private struct Floor {
    /// Modules of this package that it may import.
    let below: Set<String>
    /// Modules of the system that it may import.
    let system: Set<String>

    init(_ below: Set<String>, system: Set<String> = ["Dispatch", "Foundation", "Synchronization"]) {
      self.below = below
      self.system = system
    }
  }

  private static let instructionSets: Set = ["ApusKernelsBaseline", "ApusKernelsAVX2", "ApusKernelsAVX512"]

  /// What every family may use.
  private static let wingBase: Set = ["ApusBase", "ApusFiles", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished"]
  private static let wings: Set = ["ApusLanguage", "ApusVision", "ApusMultimodal"]
  /// What the umbrella without families exports.
  private static let core: Set = [
    "ApusFiles", "ApusText", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished", "ApusGeneration",
    "ApusTraining",
  ]

  private static let floors: [String: Floor] = [
    // Ground. Nothing of the system is compiled into the kernels: it could bring functions that other modules share.
    "ApusBase": Floor([], system: []),
    "ApusKernelTypes": Floor(["ApusBase"]),
    "ApusKernelsReference": Floor(["ApusKernelTypes"]),
    "ApusKernelsBaseline": Floor(["ApusKernelTypes"], system: []),
    // Floor 1
    "ApusKernels": Floor(
      instructionSets.union(["ApusBase", "ApusKernelTypes"]),
      system: ["Dispatch", "Foundation", "Synchronization", "_Builtin_intrinsics.intel.cpuid"]),
    // Floor 2
    "ApusTensor": Floor(["ApusBase", "ApusKernelTypes", "ApusKernels"]),
    // Beside the kernels: no tensors
    "ApusFiles": Floor(["ApusBase"]),
    "ApusText": Floor(["ApusBase", "ApusFiles"]),
    "ApusMedia": Floor(["ApusBase", "ApusFiles"]),
    "ApusCharts": Floor([]),
    // Floor 3
    "ApusNN": Floor(["ApusBase", "ApusTensor"]),
    "ApusWeights": Floor(["ApusBase", "ApusFiles", "ApusTensor"]),
    // Floor 4
    "ApusPublished": Floor(["ApusBase", "ApusFiles", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights"]),
    "ApusGeneration": Floor(["ApusBase", "ApusFiles", "ApusTensor", "ApusNN"]),
    "ApusTraining": Floor([
      "ApusBase", "ApusFiles", "ApusText", "ApusKernelTypes", "ApusKernels", "ApusTensor", "ApusNN", "ApusWeights",
    ]),
    // Wings, which do not know each other
    "ApusLanguage": Floor(wingBase.union(["ApusText", "ApusGeneration"])),
    "ApusVision": Floor(wingBase.union(["ApusMedia"])),
    "ApusMultimodal": Floor(wingBase.union(["ApusMedia"])),
    // Roof
    "ApusCore": Floor(core),
    "Apus": Floor(core.union(wings).union(["ApusCore"])),
    "ApusCommand": Floor(
      core.union(wings).union(["Apus", "ApusBase", "ApusCharts", "ApusKernelTypes", "ApusKernels"])),
    // Beside
    "ApusTesting": Floor(["ApusBase", "ApusTensor", "ApusNN"]),
  ]

  /// Names of the C library, which differ between systems; their imports must be inside `#if canImport(…)` or `#if
  /// os(…)`.
  private static let guarded: Set = ["Glibc", "Musl", "Android", "Darwin"]

  private struct Import {
    let file: RepositoryFile
    let line: Int
    let module: String
    let isExported: Bool
    let isConditional: Bool
    var place: String { "\(file):\(line)" }
  }

  private static func imports(in file: RepositoryFile) -> [Import] {
    var depth = 0
    var result: [Import] = []
    for (index, line) in file.lines.enumerated() {
      let code = line.code.trimmed
      if code.hasPrefix("#if") { depth += 1 }
      if code.hasPrefix("#endif") { depth -= 1 }
      let words = code.split(separator: " ").map(String.init)
      guard let position = words.firstIndex(of: "import"), position + 1 < words.count,
        words[..<position].allSatisfy({ modifiers.contains($0) })
      else { continue }
      result.append(
        Import(
          file: file, line: index + 1, module: words[position + 1], isExported: words[..<position].contains("public"),
          isConditional: depth > 0))
    }
    return result
  }

  private static let modifiers: Set = [
    "public", "package", "internal", "private", "fileprivate", "@_exported", "@testable", "@preconcurrency",
  ]

  @Test func theTableKnowsEveryModule() {
    let modules = Repository.names(in: "Sources").filter { !Repository.isLink("Sources/" + $0) }
    #expect(Set(modules) == Set(Self.floors.keys))
    for (name, floor) in Self.floors {
      for other in floor.below {
        #expect(Self.floors[other]?.below.contains(name) != true, "\(name) and \(other) import each other")
      }
    }
  }

  @Test func instructionSetsShareOneSource() {
    for name in Self.instructionSets where name != "ApusKernelsBaseline" {
      #expect(Repository.isLink("Sources/" + name), "\(name) must be a symbolic link to ApusKernelsBaseline")
    }
  }

  @Test func importsGoDown() {
    for (module, floor) in Self.floors {
      for entry in Repository.sources(in: "Sources/" + module).flatMap(Self.imports) {
        let isAllowed =
          floor.below.contains(entry.module) || floor.system.contains(entry.module)
          || (Self.guarded.contains(entry.module) && entry.isConditional && !floor.system.isEmpty)
        #expect(isAllowed, "\(entry.place): \(module) imports \(entry.module)")
      }
    }
  }

  /// The names of the kernel modules must not leak into public interfaces.
  @Test func kernelsAreNobodysPublicImport() {
    for entry in Repository.sources(in: "Sources").flatMap(Self.imports) where entry.isExported {
      #expect(!entry.module.hasPrefix("ApusKernel"), "\(entry.place): public import \(entry.module)")
    }
  }

  /// Tests and benchmarks import only this package, the standard libraries and the testing library.
  @Test func testsImportNothingForeign() {
    let known = Set(Self.floors.keys).union(Self.instructionSets)
      .union(["ApusTestSupport", "Dispatch", "Foundation", "FoundationXML", "Synchronization", "Testing"])
    for entry in (Repository.sources(in: "Tests") + Repository.sources(in: "Benchmarks")).flatMap(Self.imports) {
      let isGuarded = Self.guarded.contains(entry.module) && entry.isConditional
      #expect(known.contains(entry.module) || isGuarded, "\(entry.place): import \(entry.module)")
    }
  }

  /// The package depends on no other package, and contains no C.
  @Test func thePackageHasNoDependencies() throws {
    let manifest = try #require(Repository.file("Package.swift"))
    #expect(!manifest.text.contains(".package("))
    for ending in [".c", ".h", ".cpp", ".m", ".s"] {
      #expect(!Self.allNames(below: "Sources").contains { $0.hasSuffix(ending) }, "a \(ending) file in Sources")
    }
  }

  private static func allNames(below folder: String) -> [String] {
    let url = Repository.root.appendingPathComponent(folder)
    return (FileManager.default.enumerator(atPath: url.path)?.allObjects ?? []).compactMap { $0 as? String }
  }
}
