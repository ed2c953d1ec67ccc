// State dictionaries: order, loading, and errors that list all problems and leave the model unchanged.
// Read first: ModuleWalkTests.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

/// A model with parameters, a submodule and a buffer.
private final class Model: Module {
  @Buffer var mean = Tensor([1, 2, 3])
  @Parameter var scale = Tensor([4])
  let layer = Linear(2, 3)
}

@Suite struct StateDictionaryTests {
  @Test func entriesKeepTheirOrder() {
    var state = StateDictionary([("b", Tensor(1)), ("a", Tensor(2)), ("c", Tensor(3))])
    #expect(state.names == ["b", "a", "c"])
    state["a"] = Tensor(5)
    state["d"] = Tensor(6)
    #expect(state.names == ["b", "a", "c", "d"] && state["a"]?.scalar == 5)
    state["b"] = nil
    #expect(state.names == ["a", "c", "d"] && state["b"] == nil)
    #expect(state["c"]?.scalar == 3 && state["d"]?.scalar == 6)
    state["missing"] = nil
    #expect(state.names == ["a", "c", "d"])
  }

  @Test func parametersThenBuffers() {
    let model = Model()
    let state = model.stateDictionary
    #expect(state.names == ["scale", "layer.weight", "layer.bias", "mean"])
    #expect(state["layer.weight"] == model.layer.weight && state["mean"] == model.mean)
  }

  @Test func loadingGivesTheSameModel() throws {
    let (a, b) = (withSeed(1) { Model() }, withSeed(2) { Model() })
    (a.mean, a.scale) = (Tensor([7, 8, 9]), Tensor([-1]))
    #expect(a.layer.weight != b.layer.weight)
    try b.load(a.stateDictionary)
    for (name, tensor) in a.stateDictionary.entries { #expect(b.stateDictionary[name] == tensor, "\(name)") }
    // The models share nothing: changing one leaves the other unchanged.
    b.layer.weight = .zeros([3, 2])
    #expect(a.layer.weight != b.layer.weight)
  }

  @Test func aStateTakenBeforeAStepStaysAsItWas() {
    let model = Model()
    let state = model.stateDictionary
    model.scale = Tensor([99])
    #expect(state["scale"] == Tensor([4]))
  }

  @Test func errorsListEverythingAndChangeNothing() throws {
    let model = withSeed(1) { Model() }
    let before = model.stateDictionary
    var state = before
    state["scale"] = Tensor([100])
    state["layer.weight"] = .zeros([2, 3])
    state["layer.bias"] = nil
    state["mean"] = .zeros([4])
    state["layer.wight"] = .zeros([3, 2])
    state["other"] = .zeros([1])
    let error = #expect(throws: StateDictionaryError.self) { try model.load(state) }
    #expect(error?.missing == ["layer.bias"])
    #expect(error?.unexpected == ["layer.wight", "other"])
    #expect(error?.misshapen.map(\.name) == ["layer.weight", "mean"])
    #expect(error?.misshapen.map(\.expected) == [[3, 2], [3]])
    #expect(error?.misshapen.map(\.found) == [[2, 3], [4]])
    let text = error?.description ?? ""
    for part in ["layer.bias", "layer.wight, other", "layer.weight: expected shape [3, 2], found [2, 3]", "mean"] {
      #expect(text.contains(part), "\(part) in: \(text)")
    }
    for (name, tensor) in before.entries { #expect(model.stateDictionary[name] == tensor, "\(name) has changed") }
  }

  @Test func lenientLoadingIgnoresWhatIsUnexpectedOnly() throws {
    let model = Model()
    var state = model.stateDictionary
    state["other"] = .zeros([1])
    state["scale"] = Tensor([50])
    #expect(throws: StateDictionaryError.self) { try model.load(state) }
    try model.load(state, strict: false)
    #expect(model.scale == Tensor([50]))
    state["mean"] = nil
    let error = #expect(throws: StateDictionaryError.self) { try model.load(state, strict: false) }
    #expect(error?.missing == ["mean"] && error?.unexpected == [])
  }

  @Test func loadedTensorsAreTrained() throws {
    let model = Model()
    try model.load(Model().stateDictionary)
    let (_, gradients) = valueAndGradients { model.layer(Tensor([1, 2])).sum() }
    #expect(gradients[try #require(model.layer.$weight)] == Tensor([1, 2, 1, 2, 1, 2], shape: [3, 2]))
  }
}
