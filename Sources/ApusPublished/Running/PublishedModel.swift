// The protocol of models that can be loaded from published folders and run by name.
// Read first: ../Loading/TensorNames.swift, ModelInputs.swift. Read next: ../Families/ModelFamily.swift, ../Loading/LoadedModel.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusTensor
import ApusWeights

/// A model that knows the names of published checkpoints for its tensors, inputs and outputs.
///
/// To add a family, write a class that conforms, and a `ModelFamily` that creates it from a configuration.
public protocol PublishedModel: Module {
  /// The manifests of the folders that hold such models.
  static var families: [ModelFamily] { get }

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
