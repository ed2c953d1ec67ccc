// Every kernel's signature, as a table that each instruction set fills with its own.
// Read next: ApusKernelsBaseline/Kernels.swift, which fills it; ApusKernels/KernelSelection.swift, which picks one.

/// The kernels of one instruction set.
package struct KernelTable: Sendable {
  package typealias Input = UnsafePointer<Float>
  package typealias Output = UnsafeMutablePointer<Float>
  package typealias Indices = UnsafePointer<Int32>

  /// "SSE2", "NEON", "AVX2+FMA" or "AVX-512".
  package var name: String
  /// Floats in a vector.
  package var laneCount: Int
  /// Rows and columns of the matrix product's register tile; tests probe sizes around them.
  package var tile: (rows: Int, columns: Int)

  package var matMul: @Sendable (MatMulArguments, Schedule) -> Void
  package var attentionForward: @Sendable (AttentionForwardArguments, Schedule) -> Void
  package var attentionBackward: @Sendable (AttentionBackwardArguments, Schedule) -> Void

  /// (operation, x, y, count)
  package var unary: @Sendable (UnaryOperation, Input, Output, Int, Schedule) -> Void
  /// (operation, saved, dy, dx, count)
  package var unaryBackward: @Sendable (UnaryOperation, Input, Input, Output, Int, Schedule) -> Void
  /// (operation, a, b, c, rows, columns)
  package var binary:
    @Sendable (BinaryOperation, BroadcastRows, BroadcastRows, Output, _ rows: Int, _ columns: Int, Schedule) -> Void
  /// y ← scale · x + offset: (x, y, scale, offset, count)
  package var affine: @Sendable (Input, Output, _ scale: Float, _ offset: Float, _ count: Int, Schedule) -> Void
  /// y ← y + scale · x: (x, y, scale, count)
  package var addScaled: @Sendable (Input, Output, _ scale: Float, _ count: Int, Schedule) -> Void
  /// (reduction, x, y, outer, count, inner)
  package var reduce: @Sendable (Reduction, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void
  package var sumOfSquares: @Sendable (Input, _ count: Int, Schedule) -> Double

  /// (x, y, rows, columns)
  package var softmax: @Sendable (Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void
  /// (y, dy, dx, rows, columns)
  package var softmaxBackward: @Sendable (Input, Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void
  package var losses: LossKernels

  /// (x, weight, bias, epsilon, y, mean, inverseDeviation, rows, columns)
  package var layerNorm:
    @Sendable (
      Input, Input?, Input?, _ epsilon: Float, Output, _ mean: Output, _ inverseDeviation: Output, _ rows: Int,
      _ columns: Int, Schedule
    ) -> Void
  /// (x, weight, mean, inverseDeviation, dy, dx, dWeight, dBias, rows, columns)
  package var layerNormBackward:
    @Sendable (
      Input, Input?, _ mean: Input, _ inverseDeviation: Input, Input, Output, Output?, Output?, _ rows: Int,
      _ columns: Int, Schedule
    ) -> Void

  package var normalizations: NormalizationKernels
  package var positions: PositionKernels
  package var pointwise: PointwiseKernels

  /// (table, indices, y, count, width)
  package var gather: @Sendable (Input, Indices, Output, _ count: Int, _ width: Int, Schedule) -> Void
  /// (x, indices, table, count, width, skipped)
  package var scatterAdd:
    @Sendable (Input, Indices, Output, _ count: Int, _ width: Int, _ skipped: Int32, Schedule) -> Void
  /// (x, y, sizes of y, strides in x)
  package var permute: @Sendable (Input, Output, _ sizes: [Int], _ strides: [Int], Schedule) -> Void
  /// (x, its row stride, y, its row stride, rows, columns)
  package var copyRows: @Sendable (Input, Int, Output, Int, _ rows: Int, _ columns: Int, Schedule) -> Void

  /// (y, count, key, stream)
  package var uniform: @Sendable (Output, _ count: Int, _ key: UInt64, _ stream: UInt64, Schedule) -> Void
  /// (x, y, count, keep, key, stream)
  package var dropout:
    @Sendable (Input, Output, _ count: Int, _ keep: Float, _ key: UInt64, _ stream: UInt64, Schedule) -> Void

  package var optimizers: OptimizerKernels

  /// Multiply–adds of one round of the probe, and the probe.
  package var multiplyAddsPerRound: Int
  package var multiplyAddProbe: @Sendable (_ rounds: Int) -> Float
  package var readProbe: @Sendable (Input, _ count: Int) -> Float

  package var copies: CopyKernels
  package var axes: AxisKernels

  package init(
    name: String,
    laneCount: Int,
    tile: (rows: Int, columns: Int),
    matMul: @escaping @Sendable (MatMulArguments, Schedule) -> Void,
    attentionForward: @escaping @Sendable (AttentionForwardArguments, Schedule) -> Void,
    attentionBackward: @escaping @Sendable (AttentionBackwardArguments, Schedule) -> Void,
    unary: @escaping @Sendable (UnaryOperation, Input, Output, Int, Schedule) -> Void,
    unaryBackward: @escaping @Sendable (UnaryOperation, Input, Input, Output, Int, Schedule) -> Void,
    binary:
      @escaping @Sendable (BinaryOperation, BroadcastRows, BroadcastRows, Output, _ rows: Int, _ columns: Int, Schedule)
      -> Void,
    affine: @escaping @Sendable (Input, Output, _ scale: Float, _ offset: Float, _ count: Int, Schedule) -> Void,
    addScaled: @escaping @Sendable (Input, Output, _ scale: Float, _ count: Int, Schedule) -> Void,
    reduce: @escaping @Sendable (Reduction, Input, Output, _ outer: Int, _ count: Int, _ inner: Int, Schedule) -> Void,
    sumOfSquares: @escaping @Sendable (Input, _ count: Int, Schedule) -> Double,
    softmax: @escaping @Sendable (Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void,
    softmaxBackward: @escaping @Sendable (Input, Input, Output, _ rows: Int, _ columns: Int, Schedule) -> Void,
    losses: LossKernels,
    layerNorm:
      @escaping @Sendable (
        Input, Input?, Input?, _ epsilon: Float, Output, _ mean: Output, _ inverseDeviation: Output, _ rows: Int,
        _ columns: Int, Schedule
      ) -> Void,
    layerNormBackward:
      @escaping @Sendable (
        Input, Input?, _ mean: Input, _ inverseDeviation: Input, Input, Output, Output?, Output?, _ rows: Int,
        _ columns: Int, Schedule
      ) -> Void,
    normalizations: NormalizationKernels,
    positions: PositionKernels,
    pointwise: PointwiseKernels,
    gather: @escaping @Sendable (Input, Indices, Output, _ count: Int, _ width: Int, Schedule) -> Void,
    scatterAdd:
      @escaping @Sendable (Input, Indices, Output, _ count: Int, _ width: Int, _ skipped: Int32, Schedule) -> Void,
    permute: @escaping @Sendable (Input, Output, _ sizes: [Int], _ strides: [Int], Schedule) -> Void,
    copyRows: @escaping @Sendable (Input, Int, Output, Int, _ rows: Int, _ columns: Int, Schedule) -> Void,
    uniform: @escaping @Sendable (Output, _ count: Int, _ key: UInt64, _ stream: UInt64, Schedule) -> Void,
    dropout:
      @escaping @Sendable (Input, Output, _ count: Int, _ keep: Float, _ key: UInt64, _ stream: UInt64, Schedule) ->
      Void,
    optimizers: OptimizerKernels,
    multiplyAddsPerRound: Int,
    multiplyAddProbe: @escaping @Sendable (_ rounds: Int) -> Float,
    readProbe: @escaping @Sendable (Input, _ count: Int) -> Float,
    copies: CopyKernels,
    axes: AxisKernels
  ) {
    self.name = name
    self.laneCount = laneCount
    self.tile = tile
    self.matMul = matMul
    self.attentionForward = attentionForward
    self.attentionBackward = attentionBackward
    self.unary = unary
    self.unaryBackward = unaryBackward
    self.binary = binary
    self.affine = affine
    self.addScaled = addScaled
    self.reduce = reduce
    self.sumOfSquares = sumOfSquares
    self.softmax = softmax
    self.softmaxBackward = softmaxBackward
    self.losses = losses
    self.layerNorm = layerNorm
    self.layerNormBackward = layerNormBackward
    self.normalizations = normalizations
    self.positions = positions
    self.pointwise = pointwise
    self.gather = gather
    self.scatterAdd = scatterAdd
    self.permute = permute
    self.copyRows = copyRows
    self.uniform = uniform
    self.dropout = dropout
    self.optimizers = optimizers
    self.multiplyAddsPerRound = multiplyAddsPerRound
    self.multiplyAddProbe = multiplyAddProbe
    self.readProbe = readProbe
    self.copies = copies
    self.axes = axes
  }
}
