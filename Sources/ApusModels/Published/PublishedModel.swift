// What a model is that published folders can be loaded into and run by name.
// Read first: TensorNames.swift, ModelInputs.swift. Read next: LoadedModel.swift, Registry.swift.

public import ApusData
public import ApusNN
public import ApusTensor

/// A model with the names of published checkpoints: of its tensors, its inputs and its outputs.
///
/// To add a family: a class that conforms, with its table and its forward call, and a `PublishedFamily` that makes it from
/// a configuration.
public protocol PublishedModel: Module {
  /// The table of its tensors; it covers every parameter.
  var tensorNames: TensorNames { get }

  /// The forward call.
  ///
  /// Takes its arguments from `inputs` by the names of Hugging Face's forward call, then calls `inputs.check()` before it
  /// computes anything.
  ///
  /// - Throws: everything that is wrong with the inputs.
  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs
}

/// What a forward call gives, under the names of the fields of Hugging Face's outputs.
public struct ModelOutputs {
  /// The outputs, the primary one first.
  public private(set) var entries: [(name: String, tensor: Tensor)] = []
  /// A single number, if there were labels.
  public var loss: Tensor?

  /// Outputs in order, the primary one first.
  public init(_ entries: [(name: String, tensor: Tensor)] = [], loss: Tensor? = nil) {
    (self.entries, self.loss) = (entries, loss)
  }

  /// The output of that name.
  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }

  /// Adds an output.
  public mutating func add(_ name: String, _ tensor: Tensor) { entries.append((name, tensor)) }

  /// Adds the elements of a tuple: `hidden_states.0`, `hidden_states.1`, …
  public mutating func add(_ name: String, each tensors: [Tensor]) {
    for (index, tensor) in tensors.enumerated() { add("\(name).\(index)", tensor) }
  }

  /// The loss, if there is one, and all outputs.
  public var all: [(name: String, tensor: Tensor)] { (loss.map { [("loss", $0)] } ?? []) + entries }
}

/// Models that share a configuration: what `model_type` names.
public struct PublishedFamily: Sendable {
  /// A model for one purpose: what `architectures` names.
  public struct Head: Sendable {
    /// The name of Hugging Face's class.
    public let name: String
    /// Makes the model from a folder's configuration; its weights are set afterwards.
    public let make: @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel

    public init(_ name: String, _ make: @escaping @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel)
    {
      (self.name, self.make) = (name, make)
    }
  }

  /// The value of `model_type`.
  public let modelType: String
  /// What can be made; the first is taken where a configuration names none.
  public let heads: [Head]
  /// Whether a configuration without `model_type` is of this family.
  public let recognizes: @Sendable (ConfigurationReader) -> Bool

  /// - Precondition: there is a head.
  public init(
    _ modelType: String, _ heads: [Head], recognizes: @escaping @Sendable (ConfigurationReader) -> Bool = { _ in false }
  ) {
    require(!heads.isEmpty, "PublishedFamily: \(modelType) has no heads")
    (self.modelType, self.heads, self.recognizes) = (modelType, heads, recognizes)
  }
}
