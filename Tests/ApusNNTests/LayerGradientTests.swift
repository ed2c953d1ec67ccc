// Every row of the layer gradient table compared with finite differences, and a row for every layer.
// Read first: LayerGradientTable.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Foundation
import Testing

@Suite struct LayerGradientTests {
  @Test(arguments: LayerGradientTable.rows)
  func tapeAgreesWithFiniteDifferences(row: LayerRow) {
    let example = row.example()
    var seen = 0.0
    var checks = 0
    if !example.module.parameters.isEmpty {
      let report = checkGradients(ofParameters: example.module.namedParameters, named: row.testDescription) {
        example.function(example.inputs)
      }
      #expect(report.passed, "\(report)")
      (seen, checks) = (report.largestDerivative, report.checks)
    }
    if !example.inputs.isEmpty {
      let report = checkGradients(of: example.function, at: example.inputs, named: row.testDescription)
      #expect(report.passed, "\(report)")
      #expect(report.largestDerivative > 1e-3, "no derivative to be seen")
      (seen, checks) = (max(seen, report.largestDerivative), checks + report.checks)
    }
    #expect(checks > 0 && seen > 1e-3, "\(checks) checks, no derivative above \(seen)")
  }

  /// Every parameter gets a gradient: one that the function ignored would agree with its finite differences of 0.
  @Test(arguments: LayerGradientTable.rows)
  func everyParameterIsReached(row: LayerRow) {
    let example = row.example()
    let (_, gradients) = withSeed(1) { valueAndGradients { example.function(example.inputs).squared().sum() } }
    for (name, variable) in example.module.namedParameters {
      let gradient = gradients[variable]
      #expect(gradient?.shape == variable.value.shape, "\(name)")
      #expect(gradient?.scalars.contains { $0 != 0 } == true, "\(name): gradient zero")
    }
  }

  @Test func everyLayerHasARow() throws {
    let names = try declaredLayers()
    let covered = Set(LayerGradientTable.rows.map(\.layerName))
    #expect(names.count >= 15, "the sources were not read: \(names.sorted())")
    #expect(names.subtracting(covered).isEmpty, "layers without a row in the layer gradient table")
    #expect(covered.subtracting(names).isEmpty, "rows of layers that are not in Sources/ApusNN/Layers")
  }

  @Test func titlesAreUnique() {
    let titles = LayerGradientTable.rows.map(\.testDescription)
    #expect(Dictionary(grouping: titles) { $0 }.filter { $1.count > 1 }.keys.sorted() == [])
  }

  /// The X in `final class X: Layer` or `: Module` under Sources/ApusNN/Layers.
  private func declaredLayers() throws -> Set<String> {
    let root = (0..<3).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    let folder = root.appendingPathComponent("Sources/ApusNN/Layers")
    var names: Set<String> = []
    let walk = try #require(FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil))
    for case let file as URL in walk where file.pathExtension == "swift" {
      let source = try String(contentsOf: file, encoding: .utf8)
      for match in source.matches(of: /\bclass\s+(?<name>\w+)[^:{\n]*:[^{\n]*\b(Layer|Module)\b/) {
        names.insert(String(match.output.name))
      }
    }
    return names
  }
}
