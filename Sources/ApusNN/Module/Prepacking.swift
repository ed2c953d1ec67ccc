// A model's weights packed in advance, before it is used again and again.
// Read first: ApusTensor/Ops/Prepacking.swift.

import ApusTensor

extension Module {
  /// Packs the weights of all linear layers in the order in which products read them, for inference.
  ///
  /// Worth its memory, which is that of these weights again, where calls have more than sixteen rows (tokens, patches)
  /// but not thousands: the fewer rows, the larger the share of packing. Results have the same bits. Training or loading
  /// afterwards is safe: changed weights are not packed any more.
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
