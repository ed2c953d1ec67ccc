// The naive twin of normalization over groups of channels (Wu, He, arXiv:1803.08494): layer normalization of each group,
// then a scale and a shift per channel. Read next: ApusKernelsBaseline/Normalization/GroupNorm.swift, the kernel.

package import ApusKernelTypes

extension Reference {
  /// y = x̂ · weight[channel] + bias[channel] with x̂ = (x − μ)/σ, μ and σ over each group of an example.
  ///
  /// - Parameters:
  ///   - x: [examples, groups, channels, places]
  ///   - weight: [groups · channels]; nil: ones.
  ///   - bias: [groups · channels]; nil: zeros.
  ///   - epsilon: Added to the variance.
  ///   - sizes: The sizes of x.
  /// - Returns: y, in the shape of x; μ and 1/σ, [examples, groups].
  @specialized(where T == Double)
  package static func groupNorm<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, bias: [T]?, epsilon: T, _ sizes: ChannelGroups
  ) -> (y: [T], mean: [T], inverseDeviation: [T]) {
    var (y, mean, inverseDeviation) = layerNorm(
      x, weight: nil, bias: nil, epsilon: epsilon, rows: sizes.examples * sizes.groups,
      columns: sizes.channels * sizes.places)
    for i in x.indices {
      let channel = i / sizes.places % (sizes.groups * sizes.channels)
      y[i] = y[i] * (weight?[channel] ?? 1) + (bias?[channel] ?? 0)
    }
    return (y, mean, inverseDeviation)
  }

  /// The gradients: dx is that of layer normalization at dy · weight[channel]; dWeight = Σ dy ∘ x̂ and dBias = Σ dy.
  ///
  /// - Parameters:
  ///   - x: [examples, groups, channels, places]
  ///   - weight: [groups · channels]; nil: ones.
  ///   - mean: μ from the forward, [examples, groups].
  ///   - inverseDeviation: 1/σ from the forward, [examples, groups].
  ///   - dy: The gradient of y, in the shape of x.
  ///   - sizes: The sizes of x.
  /// - Returns: dx, in the shape of x; dWeight and dBias, [groups · channels].
  @specialized(where T == Double)
  package static func groupNormBackward<T: ReferenceScalar>(
    _ x: [T], weight: [T]?, mean: [T], inverseDeviation: [T], _ dy: [T], _ sizes: ChannelGroups
  ) -> (dx: [T], dWeight: [T], dBias: [T]) {
    let (allChannels, width) = (sizes.groups * sizes.channels, sizes.channels * sizes.places)
    var (dWeight, dBias) = ([T](repeating: 0, count: allChannels), [T](repeating: 0, count: allChannels))
    var weighted = dy
    for i in x.indices {
      let (channel, group) = (i / sizes.places % allChannels, i / width)
      dWeight[channel] += dy[i] * (x[i] - mean[group]) * inverseDeviation[group]
      dBias[channel] += dy[i]
      weighted[i] *= weight?[channel] ?? 1
    }
    let dx = layerNormBackward(
      x, weight: nil, mean: mean, inverseDeviation: inverseDeviation, weighted,
      rows: sizes.examples * sizes.groups, columns: width
    ).dx
    return (dx, dWeight, dBias)
  }
}
