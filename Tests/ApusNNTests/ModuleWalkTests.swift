// The search for parameters, and their names: declaration order, arrays, optionals, sharing, superclasses, misuse,
// descriptions.
// Read next: StateDictionaryTests.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

/// Every kind of property that a module may have.
private final class Everything: Module {
  @Parameter var scale = Tensor(repeating: 1, shape: [3])
  let name = "not a tensor"
  let first = Linear(2, 3)
  let sizes = [1, 2]
  let noSizes: [Int] = []
  let noModules: [Linear] = []
  let many = [Linear(1, 1), Linear(1, 2, bias: false)]
  let nested = [[Linear(1, 1, bias: false)], [], [Linear(2, 1, bias: false)]]
  let some: Linear? = Linear(1, 1)
  let none: Linear? = nil
  let mixed: [Linear?] = [nil, Linear(1, 1, bias: false)]
  @Parameter var absent: Tensor? = nil
  @Parameter var present: Tensor? = Tensor(repeating: 1, shape: [2])
  @Buffer var mean = Tensor(repeating: 0, shape: [4])
  let anyLayers: [any Layer] = [Tanh(), Linear(1, 1, bias: false)]
  let table: [String: Int] = ["a": 1]
  let choice: Activation = .gelu
  var last = LayerNorm(2)
}

private class Base: Module {
  @Parameter var inherited = Tensor(repeating: 1, shape: [2])
  let layer = Linear(1, 1, bias: false)
}

private final class Derived: Base {
  @Parameter var own = Tensor(repeating: 2, shape: [3])
}

/// One layer in two places, and one weight in two layers.
private final class Shared: Module {
  let a: Linear
  let b: Linear
  let c: Embedding
  let d: Tied
  init() {
    a = Linear(2, 2)
    b = a
    c = Embedding(3, 2)
    d = Tied(c)
  }
}

/// A module with a part that has a weak reference to it, and with a reference to itself.
private final class Whole: Module {
  @Parameter var weight = Tensor([1, 2])
  let part = Part()
  init() { part.whole = self }
}

private final class Part: Module {
  @Parameter var bias = Tensor([3])
  weak var whole: Whole?
  let next: [Linear] = []
}

/// A module that reads another one's weight.
private final class Tied: Module {
  @Parameter var offset = Tensor(repeating: 0, shape: [3])
  let table: Embedding
  init(_ table: Embedding) { self.table = table }
}

@Suite struct ModuleWalkTests {
  @Test func namesFollowPropertyPathsInDeclarationOrder() {
    let module = Everything()
    #expect(
      module.namedParameters.map(\.name) == [
        "scale", "first.weight", "first.bias", "many.0.weight", "many.0.bias", "many.1.weight", "nested.0.0.weight",
        "nested.2.0.weight", "some.weight", "some.bias", "mixed.1.weight", "present", "anyLayers.1.weight",
        "last.weight", "last.bias",
      ])
    #expect(module.namedBuffers.map(\.name) == ["mean"])
    let variables = module.namedParameters.map { ObjectIdentifier($0.variable) }
    #expect(module.parameters.map { ObjectIdentifier($0) } == variables)
  }

  @Test func variablesAreTheOnesOfTheProperties() throws {
    let module = Everything()
    let byName = Dictionary(uniqueKeysWithValues: module.namedParameters.map { ($0.name, $0.variable) })
    #expect(byName["scale"] === module.$scale && module.$scale != nil)
    #expect(byName["many.1.weight"] === module.many[1].$weight)
    #expect(module.$absent == nil)
    // When the module in a `var` property is replaced, the next walk finds the new one.
    module.last = LayerNorm(5)
    #expect(module.namedParameters.last?.variable.value.shape == [5])
  }

  @Test func layersHaveTheNamesThatCheckpointsUse() {
    #expect(
      TransformerBlock(width: 4, heads: 2).namedParameters.map(\.name) == [
        "norm1.weight", "norm1.bias", "attention.projection.weight", "attention.projection.bias",
        "attention.output.weight", "attention.output.bias", "norm2.weight", "norm2.bias",
        "feedForward.expansion.weight", "feedForward.expansion.bias", "feedForward.contraction.weight",
        "feedForward.contraction.bias",
      ])
    let apart = MultiheadAttention(4, heads: 2, bias: false, keySize: 3)
    #expect(
      apart.namedParameters.map(\.name) == [
        "query.weight", "key.weight", "value.weight", "output.weight",
      ])
    #expect(Sequential([Tanh(), Linear(1, 1)]).namedParameters.map(\.name) == ["layers.1.weight", "layers.1.bias"])
  }

  @Test func superclassComesFirst() {
    #expect(Derived().namedParameters.map(\.name) == ["inherited", "layer.weight", "own"])
  }

  @Test func sharedModulesAndVariablesAppearOnce() {
    let module = Shared()
    #expect(module.namedParameters.map(\.name) == ["a.weight", "a.bias", "c.weight", "d.offset"])
    #expect(module.parameterCount == 4 + 2 + 6 + 3)
    let (_, gradients) = valueAndGradients { module.b(module.a(Tensor([1, 2]))).sum() }
    #expect(gradients.count == 2)
  }

  @Test func parameterCountAddsUp() {
    #expect(Linear(3, 4).parameterCount == 16)
    #expect(Linear(3, 4, bias: false).parameterCount == 12)
    #expect(MultiheadAttention(8, heads: 2).parameterCount == 4 * (64 + 8))
    #expect(FeedForward(4).parameterCount == 2 * 4 * 16 + 16 + 4)
    #expect(TransformerBlock(width: 8, heads: 2).parameterCount == 12 * 64 + 13 * 8)
    #expect(Tanh().parameterCount == 0)
    // Buffers are not trained.
    let everything = 3 + 9 + 2 + 2 + 1 + 2 + 2 + 1 + 2 + 1 + 4
    #expect(Everything().parameterCount == everything)
  }

  @Test func descriptionIsATree() {
    let model = Sequential {
      Linear(700, 2_000)
      LayerNorm(2_000, bias: false)
      Tanh()
    }
    #expect(
      model.description == """
        Sequential (1,404,000 parameters)
          layers.0: Linear (1,402,000 parameters)
            weight: [2000, 700]
            bias: [2000]
          layers.1: LayerNorm (2,000 parameters)
            weight: [2000]
          layers.2: Tanh (0 parameters)
        """)
    #expect("\(model)" == model.description)
    let lines = "\(Everything())".split(separator: "\n").map(String.init)
    #expect(lines.prefix(2) == ["Everything (29 parameters)", "  scale: [3]"])
    // Absent modules and other properties are left out; arrays have a line for each element.
    #expect(
      lines.suffix(9) == [
        "    weight: [1, 1]", "  present: [2]", "  mean: [4] (buffer)", "  anyLayers.0: Tanh (0 parameters)",
        "  anyLayers.1: Linear (1 parameters)", "    weight: [1, 1]", "  last: LayerNorm (4 parameters)",
        "    weight: [2]", "    bias: [2]",
      ])
  }

  @Test func partsMayReferBack() {
    let whole = Whole()
    #expect(
      whole.description == """
        Whole (3 parameters)
          weight: [2]
          part: Part (3 parameters)
            bias: [1]
            whole: Whole (refers back to the one above)
        """)
    #expect(whole.namedParameters.map(\.name) == ["weight", "part.bias"])
    #expect(whole.part.namedParameters.map(\.name) == ["bias", "whole.weight"])
    // The same module in two properties is not a cycle.
    #expect("\(Shared())".split(separator: "\n").count { $0.contains("Linear (6 parameters)") } == 2)
  }

  @Test func settingAParameterKeepsItsVariable() {
    let layer = Linear(2, 1, bias: false)
    let variable = layer.$weight
    layer.weight = Tensor([5, 6], shape: [1, 2])
    #expect(layer.$weight === variable && variable?.value == Tensor([5, 6], shape: [1, 2]))
  }

  @Test func buffersHaveNoGradient() {
    let module = Everything()
    let (_, gradients) = valueAndGradients {
      module.mean = module.scale.sum() * module.mean
      return (module.mean.sum() + 1) * module.scale.sum()
    }
    #expect(gradients.count == 1)
    #expect(module.mean == .zeros([4]))
  }
}

/// Misuse stops the program with a message that names the property.
@Suite struct ModuleMisuseTests {
  private final class Bare: Module { let inner = BareInner() }
  private final class BareInner: Module { let weights = Tensor([1, 2]) }
  private final class BareOptional: Module { let weight: Tensor? = Tensor([1]) }
  private final class BareArray: Module { let weights = [Tensor([1]), Tensor([2])] }
  private final class Named: Module { let layers = ["a": Linear(1, 1)] }
  private final class Pair: Module { let pair = (Linear(1, 1), Linear(1, 1)) }

  private func message(_ result: ExitTest.Result?) throws -> String {
    String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
  }

  @Test func bareTensors() async throws {
    let nested = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Bare().parameters
    }
    #expect(try message(nested).contains("Module: property inner.weights is a bare Tensor"))
    let optional = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BareOptional().stateDictionary
    }
    #expect(try message(optional).contains("Module: property weight is a bare Tensor"))
    let array = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BareArray().parameterCount
    }
    #expect(try message(array).contains("Module: property weights is a bare Tensor"))
  }

  @Test func dictionariesOfModules() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Named().parameters
    }
    #expect(try message(result).contains("Module: property layers is a dictionary"))
  }

  @Test func tuplesOfModules() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Pair().parameters
    }
    #expect(try message(result).contains("Module: property pair is a"))
  }

  @Test func givingAnAbsentParameterAValue() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Linear(2, 2, bias: false).bias = .zeros([2])
    }
    #expect(try message(result).contains("an absent parameter stays absent"))
  }
}
