// No operation without a row in the gradient table, and no row that records something else than it says.
// Read first: GradientTable.swift.

import ApusTesting
import Foundation
import Testing

@testable import ApusTensor

@Suite struct GradientCoverageTests {
  /// The literals in `.recorded("…")` under Sources/ApusTensor/Ops.
  private func recordedNames() throws -> Set<String> {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let folder = root.appendingPathComponent("Sources/ApusTensor/Ops")
    var names = Set<String>()
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    for file in files where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      // Comments may show examples of operations that do not exist.
      for line in source.split(separator: "\n") where !line.drop(while: { $0 == " " }).hasPrefix("//") {
        for match in line.matches(of: /\.recorded\((?<argument>[^)]*)\)/) {
          let argument = match.output.argument
          // A name put together elsewhere could not be found here.
          #expect(argument.hasPrefix("\"") && argument.hasSuffix("\""), "\(file.lastPathComponent): \(line)")
          names.insert(String(argument.dropFirst().dropLast()))
        }
      }
    }
    return names
  }

  @Test func everyOperationHasARow() throws {
    let (names, covered) = (try recordedNames(), Set(GradientTable.rows.map(\.operation)))
    #expect(names.count > 30, "the sources were not read: \(names)")
    #expect(names.subtracting(covered).isEmpty, "operations without a row in the gradient table")
    #expect(covered.subtracting(names).isEmpty, "rows of operations that do not exist")
  }

  @Test func everyRowRecordsItsOperation() {
    for row in GradientTable.rows {
      let tape = Tape()
      let variables = row.gradientCase.inputs.map { Variable($0) }
      let context = Context(tape: tape, isTraining: true, generator: RandomGenerator(seed: 1))
      _ = context.run { row.gradientCase.function(variables.map(\.value)) }
      let names = Set(tape.entries.compactMap { $0.name.map { "\($0)" } })
      #expect(names.contains(row.operation), "\(row.testDescription) records \(names.sorted())")
    }
  }

  @Test func namesInCaseTitlesAreUnique() {
    let titles = GradientTable.rows.map(\.gradientCase.name)
    let repeated = Dictionary(grouping: titles) { $0 }.filter { $1.count > 1 }.keys
    // The binary operations run over pairs of shapes in both orders; everything else says what is special about it.
    #expect(repeated.isEmpty, "\(repeated.sorted())")
  }
}
