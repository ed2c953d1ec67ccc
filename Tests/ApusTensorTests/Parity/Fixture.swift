// PyTorch's results, read from Fixtures/: cases with attributes, tensors and index tensors.
// Read next: ParityTests.swift. The files were made by generate.py of the parity collection.

import ApusTensor
import ApusWeights
import Foundation

/// A fixture lacks something, or contains something unexpected.
struct FixtureError: Error, CustomStringConvertible {
  let description: String
}

/// An attribute of a case: a JSON value.
enum JSONValue: Decodable, Sendable, Equatable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else {
      self = .array(try container.decode([JSONValue].self))
    }
  }
}

/// One case of a fixture. The driver replaces the differentiable inputs by tracked tensors.
struct ParityCase: Sendable {
  let name: String
  let attributes: [String: JSONValue]
  /// The names of the inputs that PyTorch differentiated.
  let differentiable: [String]
  var tensors: [String: Tensor]
  let indices: [String: IndexTensor]
  /// Boolean tensors, 1 for true.
  let masks: [String: Tensor]

  func tensor(_ key: String) throws -> Tensor {
    guard let tensor = tensors[key] else { throw FixtureError(description: "\(name): no tensor \(key)") }
    return tensor
  }

  func index(_ key: String) throws -> IndexTensor {
    guard let tensor = indices[key] else { throw FixtureError(description: "\(name): no index tensor \(key)") }
    return tensor
  }

  /// A number; nil if the attribute is null or absent.
  func number(_ key: String) -> Float? {
    if case .number(let value) = attributes[key] { Float(value) } else { nil }
  }

  func integer(_ key: String) -> Int? { number(key).map { Int($0) } }

  func text(_ key: String) -> String? {
    if case .string(let value) = attributes[key] { value } else { nil }
  }

  func flag(_ key: String) -> Bool { attributes[key] == .bool(true) }

  /// One or several axes; all axes of `x` if the attribute is null.
  func axes(_ key: String, of x: Tensor) -> [Int] {
    switch attributes[key] {
    case .number(let axis): [Int(axis)]
    case .array(let values): values.compactMap { if case .number(let axis) = $0 { Int(axis) } else { nil } }
    default: Array(0..<x.rank)
    }
  }
}

/// The cases of one operation.
struct Fixture {
  let cases: [ParityCase]

  private struct Description: Decodable {
    struct Case: Decodable {
      var name: String
      var attributes: [String: JSONValue]?
      var gradients: [String]?
    }
    var cases: [Case]
  }

  /// Reads Fixtures/`path`.json and Fixtures/`path`.safetensors.
  init(_ path: String) throws {
    guard let folder = Bundle.module.url(forResource: "Fixtures", withExtension: nil) else {
      throw FixtureError(description: "no folder Fixtures among the test resources")
    }
    let json = try Data(contentsOf: folder.appendingPathComponent(path + ".json"))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent(path + ".safetensors"))
    var (tensors, indices, masks) = ([String: Tensor](), [String: IndexTensor](), [String: Tensor]())
    for entry in file.entries {
      switch entry.type {
      case .float32: tensors[entry.name] = try file.tensor(named: entry.name)
      case .bool: masks[entry.name] = try file.tensor(named: entry.name)
      default: indices[entry.name] = try file.indices(named: entry.name)
      }
    }
    cases = try JSONDecoder().decode(Description.self, from: json).cases.map { description in
      let prefix = description.name + "."
      func own<Value>(_ all: [String: Value]) -> [String: Value] {
        Dictionary(
          uniqueKeysWithValues: all.filter { $0.key.hasPrefix(prefix) }
            .map { (String($0.key.dropFirst(prefix.count)), $0.value) })
      }
      return ParityCase(
        name: description.name, attributes: description.attributes ?? [:],
        differentiable: (description.gradients ?? []).map { String($0.dropFirst("grad_".count)) },
        tensors: own(tensors), indices: own(indices), masks: own(masks))
    }
  }
}
