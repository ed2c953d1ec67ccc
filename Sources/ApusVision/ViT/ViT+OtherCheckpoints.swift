// Vision Transformers of other authors, whose folders have no model_type: two common layouts of tensor names.
// Read first: ViT+Checkpoint.swift.

import ApusFiles
import ApusNN
import ApusPublished
import ApusTensor
import ApusWeights

extension ViT {
  /// Folders whose config.json has no model_type but these fields:
  ///
  /// | field | meaning |
  /// | --- | --- |
  /// | `image_size`, `patch_size`, `channels` | of the images |
  /// | `embed_dim`, `depth`, `num_heads`, `mlp_dim` | of the blocks |
  /// | `activation` | of the feed-forward networks and of the hidden layer of the classifier |
  /// | `norm` | begins with `pre-norm` or `post-norm`: which of the two layouts of names the file has |
  /// | `layer_norm_eps`, `attention_scale` | optional |
  /// | `pooling` | `class token` |
  /// | `num_classes` | of the classifier |
  /// | `mean`, `std` | what pixels (from 0 to 1) are normalized with |
  public static let plainFamily = ModelFamily(
    "ViT (without model_type)", paper: "Dosovitskiy et al., arXiv:2010.11929", modelTypes: ["vit (without model_type)"],
    recognizes: { file in
      ["image_size", "patch_size", "embed_dim", "depth", "num_heads", "mlp_dim", "norm"].allSatisfy { file.has($0) }
    }, heads: [.init("ViT", .imageClassification) { folder throws(FileFormatError) in try makePlain(folder) }])

  private static func makePlain(_ folder: ModelFolder) throws(FileFormatError) -> PublishedViT {
    let (file, weights) = (folder.configuration, folder.weights)
    file.expect("pooling", "class token")
    var c = Configuration(
      imageSize: file.integer("image_size"), patchSize: file.size("patch_size"),
      channels: file.size("channels", default: 3), classes: file.size("num_classes"),
      layers: file.layerCount("depth"), heads: file.integer("num_heads"), width: file.size("embed_dim"),
      intermediateSize: file.size("mlp_dim"), activation: file.activation("activation", default: "gelu"),
      epsilon: file.number("layer_norm_eps", default: 1e-5))
    if file.has("attention_scale") { c.attentionScale = file.number("attention_scale") }
    file.expect("embed_dim", c.width, isMultipleOf: "num_heads", c.heads)
    file.expectPatches(c.imageSize, size: c.patchSize, channels: c.channels)
    let norm = file.string("norm") ?? ""
    if !norm.hasPrefix("pre-norm") && !norm.hasPrefix("post-norm") {
      file.note("norm", expected: "a text that begins with pre-norm or post-norm", found: "\"\(norm)\"")
    }
    try file.check()

    c.isPreNorm = norm.hasPrefix("pre-norm")
    if c.isPreNorm {
      c.hasAttentionBias = weights.entry(named: "transformer.layers.0.0.fn.fn.to_qkv.bias") != nil
      c.hasFinalNorm = false
      c.classifierWidth = weights.entry(named: "mlp_head.0.weight")?.shape.first
      return PublishedViT(ViT(c), nestedNames)
    }
    return PublishedViT(ViT(c), encoderNames)
  }

  /// Names of nested modules, with patches flattened by the caller.
  private static func nestedNames(_ c: Configuration) -> TensorNames {
    TensorNames([
      ("cls_token", "classToken", .shaped([1, 1, c.width])),
      ("pos_embedding", "positions.weight", .shaped([1, c.length, c.width])),
      ("patch_to_embedding.*", "patches.projection.*", .same),
      ("transformer.layers.#.0.fn.norm.*", "blocks.#.norm1.*", .same),
      ("transformer.layers.#.0.fn.fn.to_qkv.*", "blocks.#.attention.projection.*", .same),
      ("transformer.layers.#.0.fn.fn.to_out.*", "blocks.#.attention.output.*", .same),
      ("transformer.layers.#.1.fn.norm.*", "blocks.#.norm2.*", .same),
      ("transformer.layers.#.1.fn.fn.net.0.*", "blocks.#.feedForward.expansion.*", .same),
      ("transformer.layers.#.1.fn.fn.net.2.*", "blocks.#.feedForward.contraction.*", .same),
      ("mlp_head.0.*", "classifierHidden.*", .same),
      ("mlp_head.2.*", "classifier.*", .same),
    ])
  }

  /// Names of PyTorch's `TransformerEncoder`, with patches embedded by a convolution, and a norm before the classifier.
  private static func encoderNames(_ c: Configuration) -> TensorNames {
    TensorNames([
      ("cls_token", "classToken", .shaped([1, 1, c.width])),
      ("pos_embed", "positions.weight", .shaped([1, c.length, c.width])),
      (
        "patch_embed.proj.weight", "patches.projection.weight",
        .shaped([c.width, c.channels, c.patchSize, c.patchSize])
      ),
      ("patch_embed.proj.bias", "patches.projection.bias", .same),
      ("transformer.layers.#.self_attn.in_proj_weight", "blocks.#.attention.projection.weight", .same),
      ("transformer.layers.#.self_attn.in_proj_bias", "blocks.#.attention.projection.bias", .same),
      ("transformer.layers.#.self_attn.out_proj.*", "blocks.#.attention.output.*", .same),
      ("transformer.layers.#.norm1.*", "blocks.#.norm1.*", .same),
      ("transformer.layers.#.linear1.*", "blocks.#.feedForward.expansion.*", .same),
      ("transformer.layers.#.linear2.*", "blocks.#.feedForward.contraction.*", .same),
      ("transformer.layers.#.norm2.*", "blocks.#.norm2.*", .same),
      ("mlp_head.0.*", "finalNorm.*", .same),
      ("mlp_head.1.*", "classifier.*", .same),
    ])
  }
}
