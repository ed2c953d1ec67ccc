// `apus run`: any published model on named tensors, to check a checkpoint against other software.
// Read first: ApusModels/Published/LoadedModel.swift.

import Apus
import ApusLanguage
import ApusPublished
import ApusTensor
import ApusWeights
import Foundation

struct RunCommand: Verb {
  static let name = "run"
  static let summary = "Run a model from a Hugging Face folder on named tensors."
  static var details: String {
    """
    Inputs are named as the arguments of Hugging Face's forward call (input_ids, attention_mask, labels, pixel_values, …), \
    outputs as the fields of its result (logits, last_hidden_state, hidden_states.0, …, and loss where there are labels).

    --gradients writes the gradient of the loss for every tensor of model.safetensors, under its name. Without labels it \
    is the gradient of the first output times the input 'cotangent', plus every output NAME times 'cotangent.NAME'. \
    Inputs that are vectors (src and tgt of a torch.nn.Transformer) have gradients too, as inputs.NAME.

    Model types: \(ModelFamily.all.flatMap(\.modelTypes).sorted().joined(separator: ", ")).
    """
  }

  @Positional("MODEL_DIR", help: "a folder with config.json and model.safetensors, or its shards") var folder: Path
  @Option("inputs", placeholder: "FILE", help: "a safetensors file with the arguments of the call")
  var inputs: Path? = nil
  @Option("outputs", placeholder: "FILE", help: "the safetensors file to write the outputs to") var outputs: Path? = nil
  @Option("gradients", placeholder: "FILE", help: "the safetensors file to write gradients to")
  var gradients: Path? = nil
  @Option("head", placeholder: "NAME", help: "the class to read the folder as; by default what config.json names")
  var head: String? = nil

  func problems() -> [String] {
    var problems: [String] = []
    for (name, path) in [("inputs", inputs), ("outputs", outputs)] where path == nil {
      problems.append("--\(name): expected the name of a safetensors file, found nothing")
    }
    let written = [("outputs", outputs), ("gradients", gradients)].compactMap { name, path in path.map { (name, $0) } }
    // Known before a long computation, and before one of two files is written.
    for (name, path) in written {
      let parent = path.url.standardizedFileURL.deletingLastPathComponent().path
      var isFolder: ObjCBool = false
      if !FileManager.default.fileExists(atPath: parent, isDirectory: &isFolder) || !isFolder.boolValue {
        problems.append("--\(name): expected a file in an existing folder, found no folder \(parent)")
      }
      if path.url.hasDirectoryPath {
        problems.append("--\(name): expected the name of a file, found the folder \(path.text)")
      }
    }
    if let outputs, let gradients, outputs.url.standardizedFileURL == gradients.url.standardizedFileURL {
      problems.append("--gradients: expected another file than --outputs, found the same")
    }
    return problems
  }

  func run() throws {
    guard let inputs, let outputs else { return }
    let arguments = try ModelInputs(contentsOf: inputs.url)
    let loaded = try LoadedModel(contentsOf: folder.url, head: head)
    let metadata = ["format": "pt"]
    var loss: Tensor?
    if let gradients {
      let result = try loaded.outputsAndGradients(for: arguments)
      try SafetensorsWriter.write(result.gradients, metadata: metadata, to: gradients.url)
      try SafetensorsWriter.write(result.outputs.all, metadata: metadata, to: outputs.url)
      loss = result.outputs.loss
      print("\(loaded.head): \(result.outputs.all.count) outputs, \(result.gradients.count) gradients", terminator: "")
    } else {
      let result = try loaded.outputs(for: arguments)
      try SafetensorsWriter.write(result.all, metadata: metadata, to: outputs.url)
      loss = result.loss
      print("\(loaded.head): \(result.all.count) outputs", terminator: "")
    }
    print(loss.map { ", loss \($0.scalar)" } ?? "")
  }
}
