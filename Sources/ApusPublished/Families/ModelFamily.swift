// A model family's manifest: what its folders are called, and what can be made of them. Declared once, next to the model.
// Read next: ModelTask.swift; ApusLanguage/BERT/BERT+Checkpoint.swift for an example; Apus/Registry.swift for the list.

import ApusBase
public import ApusFiles
public import ApusWeights

/// Models that share a configuration: what `model_type` in a config.json names.
///
/// A family declares itself once. Loading, the table in the README, the documentation, the fuzzers and the parity tests read
/// this declaration.
///
/// ```swift
/// extension MyModel {
///   public static let family = ModelFamily(
///     "My model", paper: "Doe et al., arXiv:2601.00001", modelTypes: ["mine"],
///     heads: [
///       .init("MyModelForCausalLM", .textGeneration) { folder throws(FileFormatError) in
///         MyModel(try Configuration(folder.configuration))
///       }
///     ])
/// }
/// ```
public struct ModelFamily: Sendable {
  /// A model for one task: what `architectures` in a config.json names.
  public struct Head: Sendable {
    /// The class names of Hugging Face's library, one for each of the family's model types, or one for all.
    public let architectures: [String]
    /// The purpose of the model.
    public let task: ModelTask
    /// How the names of the head's own tensors begin, each with its dot. A model with another head ignores such tensors.
    public let prefixes: [String]
    /// Makes the model from a folder's configuration. Its weights are set afterwards.
    public let make: @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel

    /// A head with one class name.
    ///
    /// - Parameters:
    ///   - architecture: the class name of Hugging Face's library.
    ///   - task: what the model is for.
    ///   - prefixes: how the names of the head's own tensors begin.
    ///   - make: makes the model from a folder's configuration.
    public init(
      _ architecture: String, _ task: ModelTask, prefixes: [String] = [],
      _ make: @escaping @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel
    ) {
      self.init([architecture], task, prefixes: prefixes, make)
    }

    /// A head with a class name for each of the family's model types.
    public init(
      _ architectures: [String], _ task: ModelTask, prefixes: [String] = [],
      _ make: @escaping @Sendable (ModelFolder) throws(FileFormatError) -> any PublishedModel
    ) {
      (self.architectures, self.task, self.prefixes, self.make) = (architectures, task, prefixes, make)
    }
  }

  /// The family's name in prose.
  public let title: String
  /// The authors and the arXiv number, or where else it was published.
  public let paper: String
  /// The values of `model_type`: architectures that differ in nothing but their vocabularies share a family.
  public let modelTypes: [String]
  /// The models of the family. The first is used where a configuration names no architecture.
  public let heads: [Head]
  /// Whether a configuration without `model_type` belongs to this family.
  public let recognizes: @Sendable (ConfigurationReader) -> Bool

  /// - Precondition: there is at least one model type and one head, and each head has one class name, or as many as there are
  ///   model types.
  public init(
    _ title: String, paper: String, modelTypes: [String],
    recognizes: @escaping @Sendable (ConfigurationReader) -> Bool = { _ in false }, heads: [Head]
  ) {
    require(!modelTypes.isEmpty && !heads.isEmpty, "ModelFamily: \(title) has no model types or no heads")
    for head in heads {
      require(
        head.architectures.count == 1 || head.architectures.count == modelTypes.count,
        "ModelFamily: \(title) has \(modelTypes.count) model types, but \(head.architectures.count) names of one head")
    }
    (self.title, self.paper, self.modelTypes, self.heads) = (title, paper, modelTypes, heads)
    self.recognizes = recognizes
  }

  /// The tasks of the family's heads, each once, in the order of the heads.
  public var tasks: [ModelTask] {
    heads.reduce(into: []) { tasks, head in if !tasks.contains(head.task) { tasks.append(head.task) } }
  }

  /// The head with a class name.
  func head(named architecture: String) -> Head? { heads.first { $0.architectures.contains(architecture) } }

  /// The class name of a head in folders of a model type.
  func architecture(of head: Head, modelType: String?) -> String {
    let place = modelType.flatMap { modelTypes.firstIndex(of: $0) } ?? 0
    return head.architectures[min(place, head.architectures.count - 1)]
  }
}
