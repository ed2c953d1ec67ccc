// Hugging Face's CLIP folders: tensor names, configuration, inputs and outputs.
// Read first: CLIP.swift, ApusPublished/Loading/TensorNames.swift.

public import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor

extension CLIP {
  public static var families: [ModelFamily] { [family] }

  public var tensorNames: TensorNames {
    let v = configuration.vision
    let embeddings: [TensorNames.Row] = [
      ("text_model.embeddings.token_embedding.weight", "text.tokenEmbedding.weight", .same),
      ("text_model.embeddings.position_embedding.weight", "text.positionEmbedding.weight", .same),
      ("text_model.final_layer_norm.*", "text.finalNorm.*", .same),
      ("vision_model.embeddings.class_embedding", "vision.classToken", .same),
      (
        "vision_model.embeddings.patch_embedding.weight", "vision.patches.projection.weight",
        .shaped([v.width, v.channels, v.patchSize, v.patchSize])
      ),
      ("vision_model.embeddings.position_embedding.weight", "vision.positions.weight", .same),
      // (The published names have these spellings.)
      ("vision_model.pre_layrnorm.*", "vision.firstNorm.*", .same),
      ("vision_model.post_layernorm.*", "vision.finalNorm.*", .same),
      ("text_projection.*", "textProjection.*", .same),
      ("visual_projection.*", "visionProjection.*", .same),
      ("logit_scale", "logitScale", .same),
    ]
    return TensorNames(
      embeddings + CLIP.blockNames("text_model", "text") + CLIP.blockNames("vision_model", "vision"),
      ignored: [".position_ids"])
  }

  private static func blockNames(_ theirs: String, _ ours: String) -> [TensorNames.Row] {
    let (layer, block) = (theirs + ".encoder.layers.#.", ours + ".blocks.#.")
    return [
      (layer + "layer_norm1.*", block + "norm1.*", .same),
      (layer + "self_attn.q_proj.*", block + "attention.projection.*", .part(0, of: 3)),
      (layer + "self_attn.k_proj.*", block + "attention.projection.*", .part(1, of: 3)),
      (layer + "self_attn.v_proj.*", block + "attention.projection.*", .part(2, of: 3)),
      (layer + "self_attn.out_proj.*", block + "attention.output.*", .same),
      (layer + "layer_norm2.*", block + "norm2.*", .same),
      (layer + "mlp.fc1.*", block + "feedForward.expansion.*", .same),
      (layer + "mlp.fc2.*", block + "feedForward.contraction.*", .same),
    ]
  }

  /// The family `clip`.
  public static let family = ModelFamily(
    "CLIP", paper: "Radford et al., arXiv:2103.00020", modelTypes: ["clip"],
    heads: [
      .init("CLIPModel", .imageTextMatching) { folder throws(FileFormatError) in
        CLIP(try Configuration(folder.configuration))
      }
    ])
}

extension CLIP.Configuration {
  /// The configuration in a config.json of type clip.
  init(_ file: ConfigurationReader) throws(FileFormatError) {
    // In early files, the dictionaries take precedence over the objects next to them.
    let text = file.object("text_config_dict") ?? file.object("text_config")
    let vision = file.object("vision_config_dict") ?? file.object("vision_config")
    self.init(projection: file.size("projection_dim", default: 512))
    if let text { self.text = CLIPText.Configuration(text) }
    if let vision { self.vision = CLIPVision.Configuration(vision) }
    try file.check()
  }
}

extension CLIPText.Configuration {
  fileprivate init(_ file: ConfigurationReader) {
    self.init(
      vocabularySize: file.size("vocab_size", default: 49_408),
      contextLength: file.size("max_position_embeddings", default: 77),
      layers: file.layerCount("num_hidden_layers", default: 12), heads: file.integer("num_attention_heads", default: 8),
      width: file.size("hidden_size", default: 512), intermediateSize: file.size("intermediate_size", default: 2_048),
      activation: file.activation("hidden_act", default: "quick_gelu"),
      epsilon: file.number("layer_norm_eps", default: 1e-5))
    // Early files name token 2, which was never the end token; there, the token with the highest id ends a text.
    let end = file.integer("eos_token_id", default: 49_407, in: 0...0x7FFF_FFFF)
    self.end = end == 2 ? nil : Int32(end)
    file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads)
  }
}

extension CLIPVision.Configuration {
  fileprivate init(_ file: ConfigurationReader) {
    self.init(
      imageSize: file.integer("image_size", default: 224), patchSize: file.size("patch_size", default: 32),
      channels: file.size("num_channels", default: 3), layers: file.layerCount("num_hidden_layers", default: 12),
      heads: file.integer("num_attention_heads", default: 12), width: file.size("hidden_size", default: 768),
      intermediateSize: file.size("intermediate_size", default: 3_072),
      activation: file.activation("hidden_act", default: "quick_gelu"),
      epsilon: file.number("layer_norm_eps", default: 1e-5))
    file.expect("hidden_size", width, isMultipleOf: "num_attention_heads", heads)
    file.expectPatches(imageSize, size: patchSize, channels: channels)
  }
}

// MARK: Running by name

extension CLIP: PublishedModel {
  /// `input_ids`, `attention_mask`, `pixel_values` → `logits_per_image`, `logits_per_text`, `text_embeds`, `image_embeds`, and
  /// the outputs of both encoders; `loss` if there are as many texts as images and no cotangents.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let (t, v) = (configuration.text, configuration.vision)
    let ids = inputs.indices(
      "input_ids", ["texts", .named("length", atMost: t.contextLength)], below: t.vocabularySize)
    let tokens = inputs.optionalIndices("attention_mask", ["texts", "length"], below: 2)
    let pixels = inputs.tensor(
      "pixel_values", ["images", .size(v.channels), .size(v.imageSize), .size(v.imageSize)])
    try inputs.check()

    let (textRecord, visionRecord) = (inputs.record(), inputs.record())
    let lastText = text.finalNorm(text.hiddenStates(ids, tokens: tokens, observer: textRecord.observer))
    let lastVision = vision.hiddenStates(pixels, observer: visionRecord.observer)
    let textVectors = textProjection(text.pooled(lastText, ids))
    let imageVectors = visionProjection(vision.finalNorm(lastVision.firstTokens))
    let (texts, images) = (textVectors.normalizedToUnitLength(), imageVectors.normalizedToUnitLength())
    let similarities = similarities(images: images, texts: texts)
    let isSquare = similarities.shape[0] == similarities.shape[1]
    var outputs = ModelOutputs(
      [
        ("logits_per_image", similarities), ("logits_per_text", similarities.transposed()), ("text_embeds", texts),
        ("image_embeds", images),
      ], loss: isSquare && !inputs.inputs.hasCotangents ? CLIP.loss(similarities) : nil)
    for (name, last, vectors, record) in [
      ("text_model_output", lastText, textVectors, textRecord),
      ("vision_model_output", lastVision, imageVectors, visionRecord),
    ] {
      outputs.add(name + ".last_hidden_state", last)
      outputs.add(name + ".pooler_output", vectors)
      outputs.add(record, part: name + ".")
    }
    return outputs
  }
}

extension CLIP: ImageTextMatcher {
  public var imageSize: Int { configuration.vision.imageSize }
  public var imageChannels: Int { configuration.vision.channels }
  public var vocabularySize: Int { configuration.text.vocabularySize }
  public var maximumTextLength: Int { configuration.text.contextLength }

  public func logits(_ pixels: Tensor, _ ids: IndexTensor) -> Tensor {
    similarities(images: embedding(ofImages: pixels), texts: embedding(ofTexts: ids))
  }

  /// The center of the image, with the means and deviations of the images that CLIP was trained on.
  public var standardProcessor: ImageProcessor { .clip(size: imageSize) }
}
