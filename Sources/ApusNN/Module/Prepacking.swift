// A model's weights packed in advance, before it is used again and again.
// Read first: ApusTensor/Ops/Prepacking.swift.

import ApusTensor

extension Module {
  /// Packs the weights of all linear layers in the order in which products read them, for inference.
  ///
  /// It takes the memory of these weights again, and gains little where rows (tokens, patches) are fewer than outputs, since such
  /// products hardly pack anyway (`Docs/Reference/Kernels.md` has the measurements); more where thousands of rows meet the
  /// same weights in many calls. Results have the same bits. Training or loading afterwards is safe: changed weights are not
  /// packed any more.
  ///
  /// An output layer that is tied to an embedding is packed by that embedding's `prepack()`.
  public func prepack() {
    for case let layer as Linear in ModuleWalk(self).modules { layer.weight = layer.weight.prepacked() }
  }
}

extension Embedding {
  /// Packs the table for `scores`, the output layer tied to it.
  public func prepack() { weight = weight.prepacked() }
}
