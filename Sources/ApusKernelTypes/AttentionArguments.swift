// The arguments of the attention kernels. Read next: ApusKernelsBaseline/Attention/AttentionForward.swift.

/// Heads of queries, keys or values somewhere in memory: element (b, t, h, d) is at `b·batch + t·time + h·head + d`.
///
/// The strides let the kernels read [B, T, H, D], [B, H, T, D] or one third of a packed [B, T, 3, H, D] projection as
/// they lie, without copies.
package struct HeadStrides: Equatable, Sendable {
  package var batch: Int
  package var time: Int
  package var head: Int

  package init(batch: Int, time: Int, head: Int) {
    (self.batch, self.time, self.head) = (batch, time, head)
  }
}

/// Sizes, masks and the scale: O = softmax(scale · Q·Kᵀ + mask) · V.
package struct AttentionShape {
  package var batch: Int
  /// Query heads.
  package var heads: Int
  /// Key and value heads; query head h reads key head h · keyHeads / heads.
  package var keyHeads: Int
  package var queryLength: Int
  package var keyLength: Int
  /// Elements of a query and of a key.
  package var headSize: Int
  /// Elements of a value.
  package var valueSize: Int
  package var scale: Float
  /// Query i sees keys 0 ... i + causalOffset; nil: all.
  package var causalOffset: Int?
  /// Keys that exist in each sequence of the batch, [B]; nil: all.
  package var keyLengths: UnsafePointer<Int32>?
  /// Added to the scaled scores; nil: nothing. `time` is the distance between query rows; keys are contiguous.
  package var bias: UnsafePointer<Float>?
  package var biasStrides = HeadStrides(batch: 0, time: 0, head: 0)

  package init(
    batch: Int, heads: Int, keyHeads: Int, queryLength: Int, keyLength: Int, headSize: Int, valueSize: Int,
    scale: Float
  ) {
    (self.batch, self.heads, self.keyHeads) = (batch, heads, keyHeads)
    (self.queryLength, self.keyLength) = (queryLength, keyLength)
    (self.headSize, self.valueSize, self.scale) = (headSize, valueSize, scale)
  }
}

/// What the forward reads and writes.
package struct AttentionForwardArguments {
  package var shape: AttentionShape
  package var query: UnsafePointer<Float>
  package var queryStrides: HeadStrides
  package var key: UnsafePointer<Float>
  package var keyStrides: HeadStrides
  package var value: UnsafePointer<Float>
  package var valueStrides: HeadStrides
  package var output: UnsafeMutablePointer<Float>
  package var outputStrides: HeadStrides
  /// Row statistics for the backward, [B, H, Tq]: log Σ exp of the masked scores (−∞ where every key is masked).
  package var logSumExp: UnsafeMutablePointer<Float>?

  package init(
    shape: AttentionShape,
    query: UnsafePointer<Float>, queryStrides: HeadStrides,
    key: UnsafePointer<Float>, keyStrides: HeadStrides,
    value: UnsafePointer<Float>, valueStrides: HeadStrides,
    output: UnsafeMutablePointer<Float>, outputStrides: HeadStrides,
    logSumExp: UnsafeMutablePointer<Float>?
  ) {
    self.shape = shape
    (self.query, self.queryStrides) = (query, queryStrides)
    (self.key, self.keyStrides) = (key, keyStrides)
    (self.value, self.valueStrides) = (value, valueStrides)
    (self.output, self.outputStrides) = (output, outputStrides)
    self.logSumExp = logSumExp
  }
}

/// What the backward reads and writes. The gradients have the strides of what they are the gradients of.
package struct AttentionBackwardArguments {
  package var forward: AttentionForwardArguments
  package var outputGradient: UnsafePointer<Float>
  package var outputGradientStrides: HeadStrides
  package var queryGradient: UnsafeMutablePointer<Float>
  package var keyGradient: UnsafeMutablePointer<Float>
  package var valueGradient: UnsafeMutablePointer<Float>
  /// The gradient of the bias before any sum over what it was broadcast along, [B, H, Tq, Tk]; nil: not wanted.
  package var biasGradient: UnsafeMutablePointer<Float>?

  package init(
    forward: AttentionForwardArguments,
    outputGradient: UnsafePointer<Float>, outputGradientStrides: HeadStrides,
    queryGradient: UnsafeMutablePointer<Float>, keyGradient: UnsafeMutablePointer<Float>,
    valueGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>? = nil
  ) {
    self.forward = forward
    (self.outputGradient, self.outputGradientStrides) = (outputGradient, outputGradientStrides)
    (self.queryGradient, self.keyGradient, self.valueGradient) = (queryGradient, keyGradient, valueGradient)
    self.biasGradient = biasGradient
  }
}
