// Hugging Face's ViT folders: tensor names, configuration, inputs and outputs.
// Read first: ViT.swift, ApusPublished/Loading/TensorNames.swift. Read next: ViT+OtherCheckpoints.swift.

public import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor

extension ViT {
  /// The published names. There, patches are embedded by a convolution, and the class token and the positions have a batch axis.
  static func names(_ c: Configuration) -> TensorNames {
    TensorNames(
      [
        ("embeddings.cls_token", "classToken", .shaped([1, 1, c.width])),
        ("embeddings.position_embeddings", "positions.weight", .shaped([1, c.length, c.width])),
        (
          "embeddings.patch_embeddings.projection.weight", "patches.projection.weight",
          .shaped([c.width, c.channels, c.patchSize, c.patchSize])
        ),
        ("embeddings.patch_embeddings.projection.bias", "patches.projection.bias", .same),
        ("encoder.layer.#.layernorm_before.*", "blocks.#.norm1.*", .same),
        ("encoder.layer.#.attention.attention.query.*", "blocks.#.attention.projection.*", .part(0, of: 3)),
        ("encoder.layer.#.attention.attention.key.*", "blocks.#.attention.projection.*", .part(1, of: 3)),
        ("encoder.layer.#.attention.attention.value.*", "blocks.#.attention.projection.*", .part(2, of: 3)),
        ("encoder.layer.#.attention.output.dense.*", "blocks.#.attention.output.*", .same),
        ("encoder.layer.#.layernorm_after.*", "blocks.#.norm2.*", .same),
        ("encoder.layer.#.intermediate.dense.*", "blocks.#.feedForward.expansion.*", .same),
        ("encoder.layer.#.output.dense.*", "blocks.#.feedForward.contraction.*", .same),
        ("layernorm.*", "finalNorm.*", .same),
        ("pooler.dense.*", "pooler.*", .same),
        ("classifier.*", "classifier.*", .same),
      ],
      prefix: "vit.", ignored: ["pooler.", "decoder.", "embeddings.mask_token"])
  }

  /// The family `vit`.
  public static let family = ModelFamily(
    "ViT", paper: "Dosovitskiy et al., arXiv:2010.11929", modelTypes: ["vit"],
    heads: [
      .init("ViTForImageClassification", .imageClassification, prefixes: ["classifier."]) {
        folder throws(FileFormatError) in
        PublishedViT(
          ViT(try Configuration(folder.configuration)), names, problem: ClassificationProblem(folder.configuration))
      },
      .init("ViTModel", .features) { folder throws(FileFormatError) in
        var configuration = try Configuration(folder.configuration, hasClasses: false)
        configuration.hasPooler = folder.weights.hasPooler
        return PublishedViT(ViT(configuration), names)
      },
    ])
}

extension ViT.Configuration {
  /// The configuration in a config.json of type vit.
  init(_ file: ConfigurationReader, hasClasses: Bool = true) throws(FileFormatError) {
    file.expect("pooler_act", "tanh")
    self.init(
      imageSize: file.integer("image_size", default: 224), patchSize: file.size("patch_size", default: 16),
      channels: file.size("num_channels", default: 3), classes: hasClasses ? file.classCount : nil,
      layers: file.layerCount("num_hidden_layers", default: 12),
      heads: file.integer("num_attention_heads", default: 12),
      width: file.size("hidden_size", default: 768), intermediateSize: file.size("intermediate_size", default: 3_072),
      activation: file.activation("hidden_act", default: "gelu"),
      dropout: file.dropout("hidden_dropout_prob", default: 0), epsilon: file.number("layer_norm_eps", default: 1e-12))
    hasAttentionBias = file.flag("qkv_bias", default: true)
    file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads)
    file.expectPatches(imageSize, size: patchSize, channels: channels)
    if !file.hasProblems, file.has("pooler_output_size"), file.integer("pooler_output_size") != width {
      file.note("pooler_output_size", expected: "hidden_size, \(width)", found: "\(file.integer("pooler_output_size"))")
    }
    try file.check()
  }
}

/// A ViT with the tensor names of one kind of checkpoint.
public final class PublishedViT: PublishedModel {
  /// The model.
  public let model: ViT
  /// The kind of answer; nil: the labels decide.
  public let problem: ClassificationProblem?
  public let tensorNames: TensorNames
  public static var families: [ModelFamily] { [ViT.family, ViT.plainFamily] }

  init(
    _ model: ViT, _ names: (ViT.Configuration) -> TensorNames, problem: ClassificationProblem? = .oneClass
  ) {
    (self.model, self.problem) = (model, problem)
    tensorNames = names(model.configuration).nested(in: "model")
  }

  /// `pixel_values`, `labels` → `logits` or `last_hidden_state` and `pooler_output`; `hidden_states`, `loss`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let c = model.configuration
    let pixels = inputs.tensor("pixel_values", ["batch", .size(c.channels), .size(c.imageSize), .size(c.imageSize)])
    let labels = c.classes.flatMap { ClassificationProblem.labels(inputs, count: $0, problem: problem) }
    try inputs.check()
    let record = inputs.record()
    let last = model.hiddenStates(pixels, observer: record.observer)
    var outputs = ModelOutputs()
    if c.classes != nil {
      let logits = model.logits(last.firstTokens)
      outputs = ModelOutputs([("logits", logits)], loss: ClassificationProblem.loss(of: logits, labels))
    } else {
      let normalized = model.finalNorm.map { $0(last) } ?? last
      outputs.add("last_hidden_state", normalized)
      if let pooler = model.pooler { outputs.add("pooler_output", pooler(normalized.firstTokens)) }
    }
    outputs.add(record)
    return outputs
  }
}

extension PublishedViT: ImageClassifier {
  public var imageSize: Int { model.configuration.imageSize }
  public var imageChannels: Int { model.configuration.channels }
  public var classCount: Int? { model.configuration.classes }

  public func logits(_ pixels: Tensor) -> Tensor { model(pixels) }

  /// Images are resized to the model's size, with values from −1 to 1.
  public var standardProcessor: ImageProcessor {
    let half = [Float](repeating: 0.5, count: imageChannels)
    return ImageProcessor(size: .exact(width: imageSize, height: imageSize), mean: half, standardDeviation: half)
  }
}
