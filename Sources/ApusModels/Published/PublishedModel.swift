// The protocol of models that can be loaded from published folders and run by name.
// Read first: TensorNames.swift, ModelInputs.swift. Read next: LoadedModel.swift, Registry.swift.

public import ApusData
public import ApusNN
public import ApusTensor

/// A model that knows the names of published checkpoints for its tensors, inputs and outputs.
///
/// To add a family, write a class that conforms, and a `PublishedFamily` that creates it from a configuration.
public protocol PublishedModel: Module {
  /// The names of its tensors in published files; the table covers all parameters.
  var tensorNames: TensorNames { get }

  /// Runs the forward pass.
  ///
  /// The model reads its arguments from `inputs` by Hugging Face's names, and calls `inputs.check()` before it computes anything.
  ///
  /// - Parameter inputs: the arguments by name.
  /// - Returns: the outputs by Hugging Face's names, and the loss if there are labels.
  /// - Throws: everything that is wrong with the inputs.
  func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs
}

/// The outputs of a forward pass, under Hugging Face's names.
public struct ModelOutputs {
  /// The outputs, primary one first.
  public private(set) var entries: [(name: String, tensor: Tensor)] = []
  /// The loss, a scalar; nil if there were no labels.
  public var loss: Tensor?

  /// - Parameters:
  ///   - entries: the outputs in order, primary one first.
  ///   - loss: the loss, a scalar; nil if there were no labels.
  public init(_ entries: [(name: String, tensor: Tensor)] = [], loss: Tensor? = nil) {
    (self.entries, self.loss) = (entries, loss)
  }

  /// The output of that name; nil if there is none.
  public subscript(name: String) -> Tensor? { entries.first { $0.name == name }?.tensor }

  /// Adds an output.
  public mutating func add(_ name: String, _ tensor: Tensor) { entries.append((name, tensor)) }

  /// Adds the elements of a tuple: `hidden_states.0`, `hidden_states.1`, …
  public mutating func add(_ name: String, each tensors: [Tensor]) {
    for (index, tensor) in tensors.enumerated() { add("\(name).\(index)", tensor) }
  }

  /// Adds the hidden states of a forward pass as `hidden_states`, and its attention weights, if they were recorded, as
  /// `attentions` and `cross_attentions`.
  ///
  /// - Parameters:
  ///   - record: the record of the forward pass.
  ///   - part: a prefix such as `encoder_` for models with several stacks.
  public mutating func add(_ record: ForwardRecord, part: String = "") {
    add(part + "hidden_states", each: record.hiddenStates)
    add(part + "attentions", each: record.attentionWeights)
    add("cross_attentions", each: record.crossAttentionWeights)
  }

  /// The loss, if there is one, followed by all outputs.
  public var all: [(name: String, tensor: Tensor)] { (loss.map { [("loss", $0)] } ?? []) + entries }
}

/// A family of models with the same kind of configuration, which `model_type` names.
public struct PublishedFamily: Sendable {
  /// A model for one purpose, which `architectures` names.
  public struct Head: Sendable {
    /// The name of the Hugging Face class.
    public let name: String
    /// Creates the model from a folder's configuration; its weights are set afterwards.
    public let make: @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel

    public init(_ name: String, _ make: @escaping @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel)
    {
      (self.name, self.make) = (name, make)
    }
  }

  /// The value of `model_type`.
  public let modelType: String
  /// The models of the family; the first is used if a configuration names none.
  public let heads: [Head]
  /// Whether a configuration without `model_type` belongs to this family.
  public let recognizes: @Sendable (ConfigurationReader) -> Bool

  /// - Parameters:
  ///   - modelType: the value of `model_type`.
  ///   - heads: the models of the family; the first is used if a configuration names none.
  ///   - recognizes: whether a configuration without `model_type` belongs to this family.
  /// - Precondition: there is at least one head.
  public init(
    _ modelType: String, _ heads: [Head], recognizes: @escaping @Sendable (ConfigurationReader) -> Bool = { _ in false }
  ) {
    require(!heads.isEmpty, "PublishedFamily: \(modelType) has no heads")
    (self.modelType, self.heads, self.recognizes) = (modelType, heads, recognizes)
  }
}
