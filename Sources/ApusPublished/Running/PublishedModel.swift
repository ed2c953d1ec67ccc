// What a model is that published folders can be loaded into and run by name.
// Read first: ../Loading/TensorNames.swift, ModelInputs.swift. Read next: ../Families/ModelFamily.swift, ../Loading/LoadedModel.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusTensor
import ApusWeights

/// A model with the names of published checkpoints: of its tensors, its inputs and its outputs.
///
/// To add a family: a class that conforms, with its table and its forward call, and a `ModelFamily` that makes it from
/// a configuration.
public protocol PublishedModel: Module {
  /// The manifests of the folders that hold such models.
  static var families: [ModelFamily] { get }

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
