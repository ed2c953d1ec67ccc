// `apus inspect`: lists the contents of a safetensors file.
// Read first: ApusWeights/Safetensors/Safetensors.swift.

import ApusCharts
import ApusTensor
import ApusWeights
import Foundation

struct InspectCommand: Verb {
  static let name = "inspect"
  static let summary = "List the tensors of a safetensors file with their statistics"

  @Positional("FILE.safetensors", help: "file to inspect") var file: Path

  func run() throws {
    let file = try SafetensorsFile(contentsOf: file.url)
    for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) { print("# \(key): \(value)") }
    var rows = [["name", "type", "shape", "min", "max", "mean", "deviation"]]
    var (elements, bytes) = (0, 0)
    for entry in file.entries {
      let statistics = Statistics(try file.tensor(named: entry.name))
      rows.append([entry.name, "\(entry.type)", "\(Shape(entry.shape))"] + statistics.columns)
      elements += entry.shape.reduce(1, *)
      bytes += entry.byteRange.count
    }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    for row in rows {
      let cells = row.enumerated().map { column, cell in
        // Numbers are right-aligned, text is left-aligned.
        column < 3 ? cell + padding(cell, widths[column]) : padding(cell, widths[column]) + cell
      }
      print(cells.joined(separator: "  "))
    }
    let noun = file.entries.count == 1 ? "tensor" : "tensors"
    print("\(file.entries.count) \(noun), \(Format.count(elements)) elements, \(Format.bytes(bytes))")
  }

  private func padding(_ cell: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - cell.count))
  }
}

/// The minimum, maximum, mean and standard deviation of a tensor's finite elements, and the number of other elements.
struct Statistics: Equatable {
  private(set) var smallest = Double.infinity
  private(set) var largest = -Double.infinity
  private(set) var mean = 0.0
  private(set) var deviation = 0.0
  private(set) var finiteCount = 0
  private(set) var otherCount = 0

  init(_ tensor: Tensor) {
    tensor.withUnsafePointer { values in
      var (sum, squares) = (0.0, 0.0)
      for index in 0..<tensor.elementCount {
        let value = Double(values[index])
        guard value.isFinite else {
          otherCount += 1
          continue
        }
        finiteCount += 1
        sum += value
        smallest = min(smallest, value)
        largest = max(largest, value)
      }
      guard finiteCount > 0 else { return }
      mean = sum / Double(finiteCount)
      for index in 0..<tensor.elementCount where values[index].isFinite {
        squares += (Double(values[index]) - mean) * (Double(values[index]) - mean)
      }
      deviation = (squares / Double(finiteCount)).squareRoot()
    }
  }

  /// The statistics as columns of the table.
  var columns: [String] {
    let note = otherCount > 0 ? " (\(otherCount) not finite)" : ""
    guard finiteCount > 0 else { return ["—", "—", "—", "—" + note] }
    let texts = [smallest, largest, mean, deviation].map { String(format: "%.4g", $0) }
    return Array(texts.dropLast()) + [texts[3] + note]
  }
}
