// The arguments of the attention kernels. Read next: ApusKernelsBaseline/Attention/AttentionForward.swift.

/// The layout of query, key or value heads in memory: element (b, t, h, d) is at `b·batch + t·time + h·head + d`.
///
/// With strides the kernels read [B, T, H, D], [B, H, T, D] or one third of a packed [B, T, 3, H, D] projection in place,
/// without copies.
package struct HeadStrides: Equatable, Sendable {
  package var batch: Int
  package var time: Int
  package var head: Int

  package init(batch: Int, time: Int, head: Int) {
    (self.batch, self.time, self.head) = (batch, time, head)
  }
}

/// The sizes, masks and scale of O = softmax(scale · Q·Kᵀ + mask) · V.
package struct AttentionShape {
  package var batch: Int
  /// Query heads.
  package var heads: Int
  /// KV heads; query head h reads KV head h · keyHeads / heads.
  package var keyHeads: Int
  package var queryLength: Int
  package var keyLength: Int
  /// Elements in each query and key.
  package var headSize: Int
  /// Elements in each value.
  package var valueSize: Int
  package var scale: Float
  /// Query i sees the keys 0 ... i + causalOffset; nil: all keys.
  package var causalOffset: Int?
  /// The number of keys in each sequence of the batch, [B]; nil: `keyLength` in all of them.
  package var keyLengths: UnsafePointer<Int32>?
  /// Added to the scaled scores; nil: nothing.
  package var bias: UnsafePointer<Float>?
  /// The layout of the bias: `time` is the distance between the rows of two queries; keys are contiguous.
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

/// The inputs and outputs of the forward.
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
  /// The output log Σ exp of every query's masked scores, [B, H, Tq], for the backward; −∞ where every key is masked.
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

/// The inputs and outputs of the backward. The gradients of Q, K and V have the strides of Q, K and V.
package struct AttentionBackwardArguments {
  package var forward: AttentionForwardArguments
  package var outputGradient: UnsafePointer<Float>
  package var outputGradientStrides: HeadStrides
  package var queryGradient: UnsafeMutablePointer<Float>
  package var keyGradient: UnsafeMutablePointer<Float>
  package var valueGradient: UnsafeMutablePointer<Float>
  /// The gradient of the bias, [B, H, Tq, Tk], before any sum over the axes that it was broadcast along; nil: not wanted.
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
