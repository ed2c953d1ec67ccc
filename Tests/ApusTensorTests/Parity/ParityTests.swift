// Every operation compared with PyTorch's: outputs and gradients of the fixtures in Fixtures/ops.
// Read next: ParityOperations.swift, where an operation is one entry; Fixture.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct ParityTests {
  /// |ours − PyTorch's| ≤ 10⁻⁶ + 10⁻⁵ · largest |PyTorch's|: four times the error of PyTorch's float32 against float64.
  private func expectParity(_ actual: Tensor, _ expected: Tensor, _ what: String) {
    let comparison = Comparison(actual, expected, absolute: 1e-6, relativeToLargest: 1e-5)
    #expect(comparison.isClose, "\(what): \(comparison)")
  }

  @Test(arguments: ParityOperation.all)
  func outputsAndGradientsAgree(operation: ParityOperation) throws {
    let fixture = try Fixture("ops/" + operation.fixture)
    var compared = 0
    for example in fixture.cases where operation.omitted[example.name] == nil {
      let title = "\(operation.fixture) \(example.name)"
      let inputs = try example.differentiable.map { try example.tensor($0) }
      let (value, pullback) = try valueWithPullback(at: inputs) { tracked in
        var example = example
        for (name, tensor) in zip(example.differentiable, tracked) { example.tensors[name] = tensor }
        return try operation.function(example)
      }
      expectParity(value, try example.tensor("output"), "\(title) output")
      let gradients = pullback(try example.tensor("grad_output"))
      for (name, gradient) in zip(example.differentiable, gradients) {
        expectParity(gradient, try example.tensor("grad_" + name), "\(title) gradient of \(name)")
      }
      // Without a tape, operations may take other paths.
      expectParity(try operation.function(example), try example.tensor("output"), "\(title) output, not recorded")
      compared += 1
    }
    #expect(compared > 0 && compared + operation.omitted.count == fixture.cases.count)
  }

  @Test func indicesAgree() throws {
    typealias Function = (ParityCase, Tensor) -> IndexTensor
    func axis(_ example: ParityCase) -> Int { example.integer("dim") ?? 0 }
    // Without an axis, PyTorch's index is among all elements.
    func flat(_ example: ParityCase, _ x: Tensor) -> Tensor { example.integer("dim") == nil ? x.flattened() : x }
    let functions: [(fixture: String, output: String, Function)] = [
      ("argmax", "output", { flat($0, $1).argMax(along: axis($0), keepingDimensions: $0.flag("keepdim")) }),
      ("argmin", "output", { flat($0, $1).argMin(along: axis($0), keepingDimensions: $0.flag("keepdim")) }),
      ("max", "indices", { $1.maxWithIndices(along: axis($0), keepingDimensions: $0.flag("keepdim")).indices }),
      ("min", "indices", { $1.minWithIndices(along: axis($0), keepingDimensions: $0.flag("keepdim")).indices }),
      ("sort", "indices", { $1.sorted(along: axis($0), descending: $0.flag("descending")).indices }),
      ("sort", "indices", { $1.argSort(along: axis($0), descending: $0.flag("descending")) }),
      (
        "topk", "indices",
        { $1.topK($0.integer("k") ?? 0, along: axis($0), largest: $0.flag("largest")).indices }
      ),
    ]
    for (fixture, output, function) in functions {
      var compared = 0
      for example in try Fixture("ops/" + fixture).cases {
        guard let expected = example.indices[output] else { continue }
        #expect(function(example, try example.tensor("input")) == expected, "\(fixture) \(example.name)")
        compared += 1
      }
      #expect(compared >= 2, "\(fixture)")
    }
  }

  @Test func clippedGradientsAgree() throws {
    let fixture = try Fixture("optim/gradient_clipping")
    let byNorm = fixture.cases.filter { $0.tensors["total_norm"] != nil }
    #expect(byNorm.count == 4)
    // Cases 2 and 3 use other norms than the Euclidean norm.
    for (example, limit) in zip(byNorm, [1, 100] as [Float]) {
      let variables = try ["weight", "bias"].map { ($0, Variable(.zeros(try example.tensor($0 + ".gradient").shape))) }
      var gradients = Gradients()
      let norm = try example.tensor("total_norm").scalar
      for (name, variable) in variables {
        // PyTorch clips in place, and the fixture stores its "gradient" by reference: undo the clipping to get the
        // original.
        let clipped = try example.tensor(name + ".gradient")
        gradients[variable] = clipped * max(1, (norm + 1e-6) / limit)
      }
      expectParity(Tensor(gradients.norm), try example.tensor("total_norm"), "\(example.name) norm")
      let clipped = gradients.clipped(toNorm: limit)
      for (name, variable) in variables {
        // The factor is stored beside the gradients until they are read.
        let gradient = try #require(clipped[variable])
        expectParity(gradient, try example.tensor(name + ".clipped"), "\(example.name) \(name)")
      }
    }
  }
}
