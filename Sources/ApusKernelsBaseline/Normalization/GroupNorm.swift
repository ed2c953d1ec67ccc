// Normalization over groups of channels (Wu, He, arXiv:1803.08494): the forward, which keeps μ and 1/σ, and the backward.
// Read first: ApusKernelsReference/ReferenceGroupNorm.swift.

package import ApusKernelTypes

extension SIMDKernels {
  /// y ← (x − μ)/σ · weight[channel] + bias[channel], with μ and σ² = mean (x − μ)² + epsilon over each group of an example.
  ///
  /// A group of an example is contiguous in memory, and belongs to a single tile.
  package static func groupNorm(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, bias: UnsafePointer<Float>?, epsilon: Float,
    _ y: UnsafeMutablePointer<Float>, mean: UnsafeMutablePointer<Float>, inverseDeviation: UnsafeMutablePointer<Float>,
    sizes: ChannelGroups, _ schedule: Schedule
  ) {
    let (channels, places) = (sizes.channels, sizes.places)
    let width = channels * places
    let share = 1 / Float(width)
    forEachRowChunk(rows: sizes.examples * sizes.groups, width: width, elements: 8_192, schedule) { range in
      for row in range {
        let p = x + row * width
        let mu = share * sum(p, count: width)
        let variance =
          share
          * sum(
            width, of: { squared(p.lanes(at: $0) - mu) },
            tail: { squared(p.partialLanes(at: $0, count: $1, padding: mu) - mu) })
        let scale = 1 / (variance + epsilon).squareRoot()
        mean[row] = mu
        inverseDeviation[row] = scale
        let firstChannel = row % sizes.groups * channels
        for c in 0..<channels {
          let (source, target) = (p + c * places, y + row * width + c * places)
          let factor = Lanes(repeating: scale * (weight?[firstChannel + c] ?? 1))
          let shift = Lanes(repeating: bias?[firstChannel + c] ?? 0)
          forEachVector(in: 0..<places) { index in
            target.store(multiplyAdd(source.lanes(at: index) - mu, factor, shift), at: index)
          } tail: { index, count in
            let value = multiplyAdd(source.partialLanes(at: index, count: count) - mu, factor, shift)
            target.storePartial(value, at: index, count: count)
          }
        }
      }
    }
  }

  /// With x̂ = (x − μ)/σ and g = dy · weight[channel]:
  /// dx ← (g − mean g − x̂ ∘ mean(g ∘ x̂)) / σ, the means over the group; dweight ← Σ dy ∘ x̂, dbias ← Σ dy over each channel.
  ///
  /// The sums over each channel of each example serve twice: weighted and added they give the means over the group, and added
  /// over the examples the gradients of weight and bias.
  package static func groupNormBackward(
    _ x: UnsafePointer<Float>, weight: UnsafePointer<Float>?, mean: UnsafePointer<Float>,
    inverseDeviation: UnsafePointer<Float>, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>,
    dWeight: UnsafeMutablePointer<Float>?, dBias: UnsafeMutablePointer<Float>?, sizes: ChannelGroups,
    _ schedule: Schedule
  ) {
    let (channels, places) = (sizes.channels, sizes.places)
    let width = channels * places
    let allChannels = sizes.groups * channels
    let share = 1 / Float(width)
    let scratch = ScratchBuffer(count: 2 * sizes.examples * allChannels)
    defer { scratch.free() }
    let products = scratch.pointer
    let gradients = products + sizes.examples * allChannels
    forEachRowChunk(rows: sizes.examples * sizes.groups, width: width, elements: 8_192, schedule) { range in
      for row in range {
        let (mu, scale) = (mean[row], inverseDeviation[row])
        let firstChannel = row % sizes.groups * channels
        var (gradientMean, productMean): (Float, Float) = (0, 0)
        for c in 0..<channels {
          let (p, g) = (x + row * width + c * places, dy + row * width + c * places)
          let gradient = sum(g, count: places)
          let product =
            scale
            * sum(
              places, of: { (p.lanes(at: $0) - mu) * g.lanes(at: $0) },
              tail: { (p.partialLanes(at: $0, count: $1) - mu) * g.partialLanes(at: $0, count: $1) })
          (gradients[row * channels + c], products[row * channels + c]) = (gradient, product)
          let w = weight?[firstChannel + c] ?? 1
          gradientMean += w * gradient
          productMean += w * product
        }
        gradientMean *= share
        // dx = σ⁻¹·w·dy − slope·(x − μ) − σ⁻¹·mean g
        let slope = Lanes(repeating: -share * productMean * scale * scale)
        let shift = Lanes(repeating: -gradientMean * scale)
        for c in 0..<channels {
          let start = row * width + c * places
          let (p, g, out) = (x + start, dy + start, dx + start)
          let factor = Lanes(repeating: scale * (weight?[firstChannel + c] ?? 1))
          forEachVector(in: 0..<places) { index in
            let value = multiplyAdd(p.lanes(at: index) - mu, slope, shift)
            out.store(multiplyAdd(g.lanes(at: index), factor, value), at: index)
          } tail: { index, count in
            let value = multiplyAdd(p.partialLanes(at: index, count: count) - mu, slope, shift)
            out.storePartial(
              multiplyAdd(g.partialLanes(at: index, count: count), factor, value), at: index, count: count)
          }
        }
      }
    }
    func addExamples(_ sums: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>?) {
      guard let target else { return }
      target.update(repeating: 0, count: allChannels)
      for example in 0..<sizes.examples {
        addScaled(sums + example * allChannels, to: target, scale: 1, count: allChannels, .serial)
      }
    }
    addExamples(products, to: dWeight)
    addExamples(gradients, to: dBias)
  }
}
