// The least reader of .safetensors that the fixtures need; the real one is in ApusData.
// Read first: Fixture.swift.

import ApusTensor
import Foundation

/// A file of named tensors: eight bytes of header length, a JSON header, the elements.
struct TinySafetensors {
  private(set) var tensors: [String: Tensor] = [:]
  private(set) var indices: [String: IndexTensor] = [:]
  private(set) var masks: [String: (shape: Shape, isSet: [Bool])] = [:]

  private struct Entry: Decodable {
    var dtype: String
    var shape: [Int]
    var offsets: [Int]

    enum CodingKeys: String, CodingKey {
      case dtype, shape
      case offsets = "data_offsets"
    }
  }

  init(contentsOf url: URL) throws {
    let bytes = [UInt8](try Data(contentsOf: url))
    let length = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    let header = try JSONDecoder().decode([String: Entry].self, from: Data(bytes[8..<8 + length]))
    for (name, entry) in header {
      let shape = Shape(entry.shape)
      let start = 8 + length + entry.offsets[0]
      func elements<Element: BitwiseCopyable>(_ type: Element.Type) -> [Element] {
        bytes.withUnsafeBytes { bytes in
          (0..<shape.elementCount).map {
            bytes.loadUnaligned(fromByteOffset: start + $0 * MemoryLayout<Element>.size, as: type)
          }
        }
      }
      switch entry.dtype {
      case "F32": tensors[name] = Tensor(elements(Float.self), shape: shape)
      case "I64": indices[name] = IndexTensor(elements(Int64.self).map { Int32($0) }, shape: shape)
      case "BOOL": masks[name] = (shape, elements(UInt8.self).map { $0 != 0 })
      default: throw FixtureError(description: "\(url.lastPathComponent): \(name) has type \(entry.dtype)")
      }
    }
  }
}
