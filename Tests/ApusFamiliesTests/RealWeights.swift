// Weights and data of others, which lie beside this package and are not part of it: tests are skipped without them.
// Read next: LlamaTests.swift, VisionTests.swift.

import ApusTestSupport
import Foundation
import Testing

enum RealWeights {
  /// The folder of data sets beside the package.
  static let data = SharedData.url("data")

  static func folder(_ name: String) -> URL { data.appending(path: "weights/" + name) }

  static func exist(_ name: String) -> Bool {
    FileManager.default.fileExists(atPath: folder(name).appending(path: "model.safetensors").path)
  }

  static func json(_ name: String, _ file: String) throws -> [String: Any] {
    let data = try Data(contentsOf: folder(name).appending(path: file))
    return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
  }

  /// What was computed elsewhere with these weights.
  static func reference(_ name: String) throws -> [String: Any] { try json(name, "reference.json") }
}
