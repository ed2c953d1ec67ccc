// Models from published folders: found by model_type and architectures, loaded, and run on named tensors.
// Read first: PublishedModel.swift, WeightLoading.swift.

import ApusBase
public import ApusFiles
import ApusNN
public import ApusTensor
package import ApusWeights
public import Foundation

/// A model from a Hugging Face folder, with the tensor names of that folder.
///
/// ```swift
/// let loaded = try LoadedModel(contentsOf: folder)     // import Apus: any family
/// let outputs = try loaded.outputs(for: ModelInputs(["input_ids": .indices(ids)]))
/// print(outputs["logits"] ?? "none")
/// ```
public struct LoadedModel {
  /// The model; cast it to the type of the family with `as?`.
  public let model: any PublishedModel
  /// The family's manifest.
  public let family: ModelFamily
  /// The folder's `model_type`; the family's first one if the configuration has none.
  public let modelType: String
  /// The Hugging Face class that the weights were read as, such as BertForMaskedLM.
  public let head: String
  /// The names of the classes; nil if the configuration has none.
  public let labels: [String]?
  private let places: [TensorPlace]

  /// Opens a folder with `config.json`, and `model.safetensors` or its shards.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - head: the class to read it as; nil: the one that `architectures` in config.json names.
  ///   - families: the known families; applications may add their own.
  /// - Throws: everything that is wrong with the first invalid file: an unknown family or class, unsupported values, missing,
  ///   unexpected or misshapen tensors.
  /// - Complexity: F32 weights are mapped rather than copied, except those that are stored transposed or in parts.
  public init(
    contentsOf folder: URL, head: String? = nil, families: [ModelFamily]
  ) throws(FileFormatError) {
    try self.init(ModelFolder(contentsOf: folder), head: head, families: families)
  }

  /// Creates the model of a configuration and loads its weights.
  package init(
    _ folder: ModelFolder, head: String? = nil, families: [ModelFamily]
  ) throws(FileFormatError) {
    let configuration = folder.configuration
    let type = folder.modelType
    let match = families.first { family in
      type.map { family.modelTypes.contains($0) } ?? family.recognizes(configuration)
    }
    guard let family = match else {
      let types = families.flatMap(\.modelTypes).sorted()
      let known = (types.count > 1 ? "one of " : "") + types.joined(separator: ", ")
      configuration.note(
        "model_type", expected: known, found: type.map { "\"\($0)\"" } ?? "nothing")
      try configuration.check()
      throw FileFormatError(
        path: configuration.path, place: "model_type", expected: known, found: "another")
    }
    let (chosen, name) = try LoadedModel.head(of: family, named: head, folder)
    // Only the shapes of the model are needed until it is known that the file has the weights.
    let model = try withoutInitialValues { () throws(FileFormatError) in try chosen.make(folder) }
    // (The names of the classes may be invalid, too.)
    let labels = configuration.labels
    try configuration.check()
    var names = model.tensorNames
    names.ignored += family.heads.flatMap(\.prefixes)
    places = try model.placing(folder.weights, names)
    (self.model, self.family, self.head, self.labels) = (model, family, name, labels)
    modelType = type ?? family.modelTypes[0]
  }

  private static func head(
    of family: ModelFamily, named name: String?, _ folder: ModelFolder
  ) throws(FileFormatError) -> (ModelFamily.Head, name: String) {
    let wanted = name.map { [$0] } ?? folder.architectures
    for name in wanted { if let head = family.head(named: name) { return (head, name) } }
    if wanted.isEmpty {
      return (family.heads[0], family.architecture(of: family.heads[0], modelType: folder.modelType))
    }
    let known = family.heads.map { family.architecture(of: $0, modelType: folder.modelType) }.joined(separator: ", ")
    throw FileFormatError(
      path: name == nil ? folder.configuration.path : folder.url.path,
      place: .key(name == nil ? "architectures" : "head"), expected: "one of \(known)",
      found: wanted.joined(separator: ", "))
  }

  // MARK: Running

  /// Runs the forward pass: with dropout inside `valueAndGradients`, for fine-tuning, and otherwise without.
  ///
  /// - Parameter inputs: the arguments by name.
  /// - Returns: the outputs by name, and the loss if there are labels.
  /// - Throws: everything that is wrong with the inputs.
  public func outputs(for inputs: ModelInputs) throws(FileFormatError) -> ModelOutputs {
    try model.outputs(for: InputReader(inputs))
  }

  /// Runs the forward pass, and computes the gradients of one number: of the loss if there are labels, otherwise of the sum of
  /// the outputs times their cotangents.
  ///
  /// There is no dropout. Gradients have the names of the file; tensors that the number does not depend on have none. Gradients of
  /// inputs that may be the output of another layer follow as `inputs.NAME`.
  ///
  /// - Parameter inputs: the arguments by name, with labels or cotangents.
  /// - Throws: everything that is wrong with the inputs, such as neither labels nor cotangents.
  public func outputsAndGradients(
    for inputs: ModelInputs
  ) throws(FileFormatError) -> (outputs: ModelOutputs, gradients: [(name: String, tensor: Tensor)]) {
    let reader = InputReader(inputs)
    let (outputs, gradients) = try differentiate(reader)
    let variables = Dictionary(model.namedParameters.map { ($0.name, $0.variable) }, uniquingKeysWith: { a, _ in a })
    let named = places.compactMap { place -> (name: String, tensor: Tensor)? in
      guard let variable = variables[place.ours], let gradient = gradients[variable] else { return nil }
      return (place.theirs, place.published(gradient))
    }
    let own = reader.variables.compactMap { name, variable in gradients[variable].map { ("inputs.\(name)", $0) } }
    return (outputs, named + own)
  }

  private func differentiate(_ reader: InputReader) throws(FileFormatError) -> (ModelOutputs, Gradients) {
    // (Closures that are only declared `throws` do not preserve the type of an error.)
    var result: Result<ModelOutputs, FileFormatError>?
    let (_, gradients) = valueAndGradients {
      withTrainingMode(false) {
        let attempt = Result { () throws(FileFormatError) in
          let outputs = try model.outputs(for: reader)
          return (outputs, try LoadedModel.objective(outputs, reader.inputs))
        }
        result = attempt.map { outputs, _ in
          ModelOutputs(outputs.entries.map { ($0.name, $0.tensor.detached) }, loss: outputs.loss?.detached)
        }
        return (try? attempt.get().1) ?? Tensor(0)
      }
    }
    guard let result else { requirementFailure("LoadedModel: nothing was computed") }
    return (try result.get(), gradients)
  }

  /// The number that is differentiated.
  private static func objective(_ outputs: ModelOutputs, _ inputs: ModelInputs) throws(FileFormatError) -> Tensor {
    if let loss = outputs.loss { return loss }
    var problems: [FileFormatError.Problem] = []
    var sum: Tensor?
    for (name, value) in inputs.cotangents {
      let label = ModelInputs.cotangentName + (name.map { "." + $0 } ?? "")
      guard let output = name.map({ outputs[$0] }) ?? outputs.entries.first?.tensor else {
        let known = outputs.entries.map(\.name).joined(separator: ", ")
        problems.append(.init(place: .key(label), expected: "one of the outputs \(known)", found: "another name"))
        continue
      }
      guard case .tensor(let cotangent) = value, cotangent.shape == output.shape else {
        problems.append(.init(place: .key(label), expected: "floats of shape \(output.shape)", found: "\(value.shape)"))
        continue
      }
      let term = (output * cotangent).sum()
      sum = sum.map { $0 + term } ?? term
    }
    if sum == nil, problems.isEmpty {
      problems.append(.init(expected: "labels or cotangents, to take gradients of", found: "neither"))
    }
    guard problems.isEmpty, let sum else { throw FileFormatError(path: inputs.source, problems: problems) }
    return sum
  }
}

extension PublishedModel {
  /// The model in a Hugging Face folder: `GPT.load(contentsOf: folder)`.
  ///
  /// - Parameters:
  ///   - folder: the folder, with config.json and model.safetensors or its shards.
  ///   - head: the class to read it as; nil: the one that `architectures` in config.json names.
  /// - Throws: everything that is wrong with the folder, or that it contains another kind of model.
  public static func load(contentsOf folder: URL, head: String? = nil) throws(FileFormatError) -> Self {
    let loaded = try LoadedModel(contentsOf: folder, head: head, families: families)
    if let model = loaded.model as? Self { return model }
    throw FileFormatError(path: folder.path, expected: "a folder of a \(Self.self)", found: loaded.head)
  }

  /// Writes the weights under their published names, as 32-bit floats.
  ///
  /// Together with the other files of the folder that the model came from, the file is a folder that this package and Hugging
  /// Face's library can read.
  ///
  /// - Parameter url: the file; it may be the one that the model was loaded from.
  /// - Throws: the file cannot be written; an old file is kept then.
  public func saveWeights(to url: URL) throws(FileFormatError) {
    try SafetensorsWriter.write(published(under: tensorNames), metadata: ["format": "pt"], to: url)
  }
}
