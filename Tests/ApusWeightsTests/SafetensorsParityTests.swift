// Files from other software: those that PyTorch wrote, and one from the Python package, compared byte by byte.
// Read first: SafetensorsTests.swift.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusWeights

@Suite struct SafetensorsParityTests {
  @Test(.enabled(if: SharedData.exists("parity"), "skipped: ../shared/parity is missing")) func everyFixtureOpens()
    throws
  {
    let files = SharedData.safetensorsFiles(in: "parity")
    #expect(files.count > 50)
    var types: Set<ElementType> = []
    for url in files {
      let file = try SafetensorsFile(contentsOf: url)
      for entry in file.entries {
        types.insert(entry.type)
        let tensor = try file.tensor(named: entry.name)
        #expect(Array(tensor.shape) == entry.shape)
        if entry.type.isInteger {
          #expect(try file.indices(named: entry.name).indices.map { Float($0) } == tensor.scalars)
        }
      }
    }
    #expect(types == [.float32, .int64, .bool, .uint8])
  }

  @Test(.enabled(if: SharedData.exists("parity"), "skipped: ../shared/parity is missing"))
  func writtenAgainTheyAreTheSame() throws {
    for name in ["matmul", "softmax", "layer_norm"] {
      let file = try SafetensorsFile(contentsOf: SharedData.url("parity/ops/\(name).safetensors"))
      let floats = try file.entries.filter { $0.type == .float32 }.map { ($0.name, try file.tensor(named: $0.name)) }
      #expect(!floats.isEmpty)
      let copy = try SafetensorsFile(data: SafetensorsWriter.encode(floats), name: "copy")
      for (name, tensor) in floats {
        #expect(bits(try copy.tensor(named: name)) == bits(tensor))
        #expect(try copy.bytes(named: name) == file.bytes(named: name))
      }
    }
  }
}
