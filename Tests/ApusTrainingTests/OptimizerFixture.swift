// PyTorch's optimizer trajectories: cases with constructor arguments, gradients, and parameters after every step.
// Read next: OptimizerParityTests.swift.

import ApusTensor
import ApusText
import ApusWeights
import Foundation
import Testing

struct OptimizerCase {
  struct Arguments: Decodable {
    var lr: Float
    var momentum: Float?
    var dampening: Float?
    var nesterov: Bool?
    var betas: [Float]?
    var eps: Float?
    var amsgrad: Bool?
    var weightDecay: Float
    var maximize: Bool
    var decoupledWeightDecay: Bool?
    var rho: Float?
    var alpha: Float?
    var centered: Bool?
    var lrDecay: Float?
    var initialAccumulatorValue: Float?
    var momentumDecay: Float?
  }

  private struct Description: Decodable {
    struct Case: Decodable {
      var name: String
      var arguments: Arguments
    }
    var cases: [Case]
    var steps: Int
    var parameters: [String]
  }

  let name: String
  let arguments: Arguments
  let steps: Int
  /// For every parameter: the initial value, the ten gradients stacked, and the ten values stacked.
  let parameters: [(name: String, initial: Tensor, gradients: Tensor, trajectory: Tensor)]

  static func url(_ name: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appendingPathComponent("optim/" + name)
  }

  static func all(_ optimizer: String) throws -> [OptimizerCase] {
    let json = try Data(contentsOf: url(optimizer + ".json"))
    let file = try SafetensorsFile(contentsOf: url(optimizer + ".safetensors"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    let description = try decoder.decode(Description.self, from: json)
    return try description.cases.map { example in
      OptimizerCase(
        name: "\(optimizer) \(example.name)", arguments: example.arguments, steps: description.steps,
        parameters: try description.parameters.map {
          let key = "\(example.name).\($0)."
          return (
            $0, try file.tensor(named: key + "initial"), try file.tensor(named: key + "gradients"),
            try file.tensor(named: key + "trajectory")
          )
        })
    }
  }
}

/// Row `index` of a tensor, without the first axis.
func row(_ tensor: Tensor, _ index: Int) -> Tensor {
  tensor.slice(index..<index + 1).reshaped(to: Shape(tensor.shape.dropFirst()))
}

/// The largest |a − b|; infinite if there is a NaN or the shapes differ.
func distance(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  return zip(a.scalars, b.scalars).reduce(0) { ($1.0 - $1.1).isNaN ? .infinity : max($0, abs($1.0 - $1.1)) }
}

/// Calls `body` with a temporary folder, which is removed afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-training-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}
