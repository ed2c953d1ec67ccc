// A model as it is published: a folder with a configuration and weights.
// Read first: ConfigurationReader.swift, ModelWeights.swift. Read next: ApusModels/Published/LoadedModel.swift.

public import ApusFiles
public import Foundation

/// A folder as Hugging Face's library writes it: `config.json`, and `model.safetensors` or its shards.
public struct ModelFolder {
  /// The folder.
  public let url: URL
  /// Its config.json, whose sizes are at most those of the tensors.
  public let configuration: ConfigurationReader
  /// Its tensors.
  public let weights: ModelWeights

  /// Opens a folder.
  ///
  /// - Throws: it is no folder, or one of the files is missing or unsound.
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

  /// A configuration and weights that are in memory already.
  package init(configuration: ConfigurationReader, weights: ModelWeights) {
    url = URL(fileURLWithPath: configuration.path).deletingLastPathComponent()
    (self.configuration, self.weights) = (configuration, weights)
    configuration.limits = SizeLimits(of: weights)
  }

  /// The family (`model_type`), if the configuration names one.
  public var modelType: String? { configuration.string("model_type") }

  /// The classes that the weights were saved from, such as BertForMaskedLM.
  public var architectures: [String] { configuration.strings("architectures") ?? [] }
}
