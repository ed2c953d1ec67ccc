// The one thing of this module that others see: its kernels, as a table.
// The sources in this folder are compiled once per instruction set, with different compiler flags and a different
// `Lanes`; the folders of the other instruction sets are symbolic links to this one.
// Read next: SIMD/Lanes.swift; MatMul/MicroKernel.swift; Reference/, the naive twin of each kernel.

package import ApusKernelTypes

/// The kernels of this instruction set.
package func makeKernelTable() -> KernelTable {
  #if APUS_AVX512
    let name = "AVX-512"
  #elseif APUS_AVX2
    let name = "AVX2+FMA"
  #elseif arch(arm64)
    let name = "NEON"
  #else
    let name = "SSE2"
  #endif
  return KernelTable(
    name: name,
    laneCount: laneCount,
    tile: (tileRows, tileVectors * laneCount),
    matMul: { matMul($0, $1) },
    attentionForward: { attentionForward($0, $1) },
    attentionBackward: { attentionBackward($0, $1) },
    unary: { unary($0, $1, $2, count: $3, $4) },
    unaryBackward: { unaryBackward($0, saved: $1, $2, $3, count: $4, $5) },
    binary: { binary($0, $1, $2, $3, rows: $4, columns: $5, $6) },
    affine: { affine($0, $1, scale: $2, offset: $3, count: $4, $5) },
    addScaled: { addScaled($0, $1, scale: $2, count: $3, $4) },
    reduce: { reduce($0, $1, $2, outer: $3, count: $4, inner: $5, $6) },
    sumOfSquares: { sumOfSquares($0, count: $1, $2) },
    softmax: { softmax($0, $1, rows: $2, columns: $3, $4) },
    softmaxBackward: { softmaxBackward($0, $1, $2, rows: $3, columns: $4, $5) },
    losses: makeLossKernels(),
    layerNorm: {
      layerNorm(
        $0, weight: $1, bias: $2, epsilon: $3, $4, mean: $5, inverseDeviation: $6, rows: $7, columns: $8, $9)
    },
    layerNormBackward: {
      layerNormBackward(
        $0, weight: $1, mean: $2, inverseDeviation: $3, $4, $5, dWeight: $6, dBias: $7, rows: $8, columns: $9, $10)
    },
    normalizations: makeNormalizationKernels(),
    positions: makePositionKernels(),
    pointwise: makePointwiseKernels(),
    gather: { gather($0, indices: $1, $2, count: $3, width: $4, $5) },
    scatterAdd: { scatterAdd($0, indices: $1, $2, count: $3, width: $4, skipping: $5, $6) },
    permute: { permute($0, $1, sizes: $2, strides: $3, $4) },
    copyRows: { copyRows($0, stride: $1, $2, stride: $3, rows: $4, columns: $5, $6) },
    uniform: { uniform($0, count: $1, key: $2, stream: $3, $4) },
    dropout: { dropout($0, $1, count: $2, keep: $3, key: $4, stream: $5, $6) },
    optimizers: makeOptimizerKernels(),
    multiplyAddsPerRound: multiplyAddsPerRound,
    multiplyAddProbe: { multiplyAddProbe(rounds: $0) },
    readProbe: { readProbe($0, count: $1) },
    copies: makeCopyKernels(),
    axes: makeAxisKernels()
  )
}
