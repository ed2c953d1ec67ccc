// Cases of PyTorch's nn.MultiheadAttention from the fixture: their tensors, and a MultiheadAttention with their
// weights. Read next: AttentionParityTests.swift.

import ApusNN
import ApusTensor
import ApusWeights
import Foundation
import Testing

/// One case of Fixtures/ops/multi_head_attention.
struct AttentionCase: CustomTestStringConvertible {
  struct Attributes: Decodable {
    var embedDim: Int
    var numHeads: Int
    var bias: Bool
    var kdim: Int?
    var vdim: Int?
    var batchFirst: Bool
    var averageAttnWeights: Bool
    var selfAttention: Bool
  }

  private struct Description: Decodable {
    struct Case: Decodable {
      var name: String
      var attributes: Attributes
      var gradients: [String]
    }
    var cases: [Case]
  }

  let name: String
  let attributes: Attributes
  /// The names of the inputs and weights that PyTorch differentiated.
  let differentiated: [String]
  private let tensors: [String: Tensor]
  /// The names of the Boolean masks, in which 1 hides a key.
  private let flags: Set<String>

  var testDescription: String { name }

  static func all() throws -> [AttentionCase] {
    let folder = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
      .appendingPathComponent("ops")
    let json = try Data(contentsOf: folder.appendingPathComponent("multi_head_attention.json"))
    let file = try SafetensorsFile(contentsOf: folder.appendingPathComponent("multi_head_attention.safetensors"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Description.self, from: json).cases.map { description in
      let prefix = description.name + "."
      var tensors: [String: Tensor] = [:]
      var flags: Set<String> = []
      for entry in file.entries where entry.name.hasPrefix(prefix) {
        let name = String(entry.name.dropFirst(prefix.count))
        tensors[name] = try file.tensor(named: entry.name)
        if entry.type == .bool { flags.insert(name) }
      }
      return AttentionCase(
        name: description.name, attributes: description.attributes,
        differentiated: description.gradients.map { String($0.dropFirst("grad_".count)) }, tensors: tensors,
        flags: flags)
    }
  }

  /// A tensor of the fixture, with the batch axis first.
  func tensor(_ name: String) throws -> Tensor {
    let tensor = try #require(tensors[name], "\(self.name): no tensor \(name)")
    return isSequence(name) && !attributes.batchFirst ? tensor.permuted([1, 0, 2]) : tensor
  }

  func has(_ name: String) -> Bool { tensors[name] != nil }

  private func isSequence(_ name: String) -> Bool {
    let plain = name.hasPrefix("grad_") ? String(name.dropFirst("grad_".count)) : name
    return ["query", "key", "value", "output"].contains(plain)
  }

  /// A mask as a bias of the attention scores: −∞ where a Boolean mask hides a key.
  func additive(_ name: String) throws -> Tensor {
    let tensor = try tensor(name)
    guard flags.contains(name) else { return tensor }
    return Tensor(tensor.scalars.map { $0 == 0 ? 0 : -.infinity }, shape: tensor.shape)
  }

  /// A layer with the case's weights.
  func module() throws -> MultiheadAttention {
    let a = attributes
    let module = MultiheadAttention(
      a.embedDim, heads: a.numHeads, bias: a.bias, keySize: a.kdim, valueSize: a.vdim)
    if let projection = module.projection {
      projection.weight = try tensor("in_proj_weight")
      if a.bias { projection.bias = try tensor("in_proj_bias") }
    } else {
      let parts = try a.bias ? tensor("in_proj_bias").split(into: 3, along: 0) : []
      let names = ["q_proj_weight", "k_proj_weight", "v_proj_weight"]
      for (index, layer) in [module.query, module.key, module.value].enumerated() {
        let layer = try #require(layer)
        layer.weight = try tensor(names[index])
        if a.bias { layer.bias = parts[index] }
      }
    }
    module.output.weight = try tensor("out_proj.weight")
    if a.bias { module.output.bias = try tensor("out_proj.bias") }
    return module
  }

  /// The gradient of one of the fixture's parameters, assembled from those of the module.
  func gradient(of name: String, _ module: MultiheadAttention, _ gradients: Gradients) throws -> Tensor? {
    func own(_ variable: Variable?) -> Tensor? { variable.flatMap { gradients[$0] } }
    switch name {
    case "in_proj_weight": return own(module.projection?.$weight)
    case "in_proj_bias":
      if let projection = module.projection { return own(projection.$bias) }
      let parts = [module.query, module.key, module.value].compactMap { own($0?.$bias) }
      return parts.count == 3 ? concatenated(parts, along: 0) : nil
    case "q_proj_weight": return own(module.query?.$weight)
    case "k_proj_weight": return own(module.key?.$weight)
    case "v_proj_weight": return own(module.value?.$weight)
    case "out_proj.weight": return own(module.output.$weight)
    case "out_proj.bias": return own(module.output.$bias)
    default: return nil
    }
  }
}
