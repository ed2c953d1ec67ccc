// A published model: a folder with a configuration and weights.
// Read first: ConfigurationReader.swift, ModelWeights.swift. Read next: ApusPublished/Loading/LoadedModel.swift.

public import ApusFiles
public import Foundation

/// A model folder in the format of Hugging Face's library: `config.json`, and `model.safetensors` or its shards.
public struct ModelFolder {
  /// The address of the folder.
  public let url: URL
  /// The contents of config.json; its sizes are bounded by those of the tensors.
  public let configuration: ConfigurationReader
  /// The weights.
  public let weights: ModelWeights

  /// Opens a folder.
  ///
  /// - Throws: if it is not a folder, or if one of the files is missing or invalid.
  public init(contentsOf url: URL) throws(FileFormatError) {
    self.url = url
    var isFolder: ObjCBool = false
    let exists = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
    guard exists, isFolder.boolValue else {
      throw FileFormatError(
        path: url.readablePath, expected: "a folder with config.json and model.safetensors",
        found: exists ? "a file" : "no such folder")
    }
    configuration = try ConfigurationReader(contentsOf: url.appendingPathComponent("config.json"))
    weights = try ModelWeights(inFolder: url)
    configuration.limits = SizeLimits(of: weights)
  }

  /// Combines a configuration and weights that are already in memory.
  package init(configuration: ConfigurationReader, weights: ModelWeights) {
    url = URL(fileURLWithPath: configuration.path).deletingLastPathComponent()
    (self.configuration, self.weights) = (configuration, weights)
    configuration.limits = SizeLimits(of: weights)
  }

  /// The model family (`model_type`), if the configuration names one.
  public var modelType: String? { configuration.string("model_type") }

  /// The classes that the weights were saved from, such as BertForMaskedLM.
  public var architectures: [String] { configuration.strings("architectures") ?? [] }
}
