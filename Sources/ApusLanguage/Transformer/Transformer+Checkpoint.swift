// PyTorch's nn.Transformer: tensor names, constructor arguments, and masks.
// Read first: Transformer.swift, ApusPublished/Loading/TensorNames.swift.

public import ApusFiles
import ApusNN
public import ApusPublished
import ApusTensor

extension Transformer: PublishedModel {
  public static var families: [ModelFamily] { [family] }
  public var tensorNames: TensorNames { Transformer.tensorNames }

  static let tensorNames = TensorNames(
    ["encoder", "decoder"].flatMap { stack -> [TensorNames.Row] in
      let (theirs, ours) = ("\(stack).layers.#", "\(stack)Layers.#")
      return [
        ("\(theirs).self_attn.in_proj_weight", "\(ours).attention.projection.weight", .same),
        ("\(theirs).self_attn.in_proj_bias", "\(ours).attention.projection.bias", .same),
        ("\(theirs).self_attn.out_proj.*", "\(ours).attention.output.*", .same),
        ("\(theirs).linear1.*", "\(ours).feedForward.expansion.*", .same),
        ("\(theirs).linear2.*", "\(ours).feedForward.contraction.*", .same),
        ("\(theirs).norm1.*", "\(ours).norm1.*", .same),
        ("\(stack).norm.*", "\(stack)Norm.*", .same),
      ]
    } + [
      ("decoder.layers.#.multihead_attn.in_proj_weight", "decoderLayers.#.crossAttention.projection.weight", .same),
      ("decoder.layers.#.multihead_attn.in_proj_bias", "decoderLayers.#.crossAttention.projection.bias", .same),
      ("decoder.layers.#.multihead_attn.out_proj.*", "decoderLayers.#.crossAttention.output.*", .same),
      ("encoder.layers.#.norm2.*", "encoderLayers.#.norm2.*", .same),
      ("decoder.layers.#.norm2.*", "decoderLayers.#.crossNorm.*", .same),
      ("decoder.layers.#.norm3.*", "decoderLayers.#.norm2.*", .same),
    ])

  /// The family `torch.nn.Transformer`: a state dictionary, with the arguments of the constructor as config.json.
  public static let family = ModelFamily(
    "Transformer", paper: "Vaswani et al., arXiv:1706.03762", modelTypes: ["torch.nn.Transformer"],
    heads: [
      .init("Transformer", .sequenceToSequence) { folder throws(FileFormatError) in
        let file = folder.configuration
        file.expect("batch_first", true)
        let (width, heads) = (file.size("d_model", default: 512), file.integer("nhead", default: 8))
        file.expect("d_model", width, isMultipleOf: "nhead", heads)
        let layers = file.layerCount("num_encoder_layers", default: 6)
        let decoderLayers = file.layerCount("num_decoder_layers", default: 6)
        let intermediateSize = file.size("dim_feedforward", default: 2_048)
        let activation: Activation = file.choice("activation", default: "relu", [("relu", .relu), ("gelu", .gelu)])
        let isPreNorm = file.flag("norm_first", default: false)
        let dropout = file.dropout("dropout", default: 0.1)
        try file.check()
        return Transformer(
          width: width, heads: heads, layers: layers, decoderLayers: decoderLayers, intermediateSize: intermediateSize,
          activation: activation, isPreNorm: isPreNorm, dropout: dropout)
      }
    ])

  /// `src`, `tgt` and their boolean masks, in which 1 means hidden → `output`, `memory`.
  public func outputs(for inputs: InputReader) throws(FileFormatError) -> ModelOutputs {
    let width = encoderLayers[0].attention.width
    let source = inputs.tensor("src", ["batch", "source length", .size(width)], isDifferentiated: true)
    let target = inputs.tensor("tgt", ["batch", "target length", .size(width)], isDifferentiated: true)
    func padding(_ name: String, _ length: InputReader.Axis) -> Tensor? {
      inputs.optionalTensor(name, ["batch", length]).map { (1 - $0).reshaped(to: [$0.shape[0], 1, 1, $0.shape[1]]) }
    }
    let sourcePadding = padding("src_key_padding_mask", "source length")
    let targetPadding = padding("tgt_key_padding_mask", "target length")
    let memoryPadding = padding("memory_key_padding_mask", "source length")
    let targetMask = inputs.optionalTensor("tgt_mask", ["target length", "target length"]).map { 1 - $0 }
    try inputs.check()

    let (encoderRecord, decoderRecord) = (inputs.record(), inputs.record())
    let memory = encode(source, mask: AttentionMask(allowed: sourcePadding), observer: encoderRecord.observer)
    let allowed = targetPadding.map { padding in targetMask.map { $0 * padding } ?? padding } ?? targetMask
    let output = decode(
      target, memory: .states(memory, mask: AttentionMask(allowed: memoryPadding)),
      mask: AttentionMask(allowed: allowed), observer: decoderRecord.observer)
    var outputs = ModelOutputs([("output", output), ("memory", memory)])
    outputs.add("encoder_attentions", each: encoderRecord.attentionWeights)
    outputs.add("decoder_attentions", each: decoderRecord.attentionWeights)
    outputs.add("cross_attentions", each: decoderRecord.crossAttentionWeights)
    return outputs
  }
}
