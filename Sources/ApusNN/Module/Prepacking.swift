// Packing a model's weights in advance, for repeated inference.
// Read first: ApusTensor/Ops/Prepacking.swift.

import ApusTensor

extension Module {
  /// Packs the weights of all linear layers into the order in which matrix products read them, for inference.
  ///
  /// Packing takes as much memory as these weights once more. It gains most where thousands of rows meet the same weights in many
  /// calls, and little where there are fewer rows (tokens, patches) than outputs, since such products hardly pack anyway;
  /// `Docs/Reference/Kernels.md` has the measurements. Results have the same bits. Training or loading afterwards is safe:
  /// changed weights are no longer packed.
  ///
  /// An output layer that is tied to an embedding is packed by the `prepack()` of that embedding.
  public func prepack() {
    for case let layer as Linear in ModuleWalk(self).modules { layer.weight = layer.weight.prepacked() }
  }
}

extension Embedding {
  /// Packs the table for `logits`, the output layer tied to it.
  public func prepack() { weight = weight.prepacked() }
}
