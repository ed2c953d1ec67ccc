// Normalization over groups of channels. Read first: ApusKernelsReference/ReferenceGroupNorm.swift, LayerNorm.swift.

import ApusKernelTypes
import ApusKernels

/// (x − mean) / √(variance + ε) · weight + bias, with mean and variance over each group of channels of each example
/// (Wu, He, arXiv:1803.08494).
///
/// One group normalizes each example as a whole; as many groups as channels, each channel by itself.
///
/// - Parameters:
///   - x: [examples, channels, ..]
///   - groups: into how many groups the channels are divided, neighbours together.
///   - weight: [channels]
///   - bias: [channels]
///   - epsilon: added to the variance (biased, as in PyTorch).
/// - Returns: the shape of x.
/// - Complexity: three passes over x, two of them from the cache.
/// - Precondition: the channels divide by the groups; weight and bias have one element per channel.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  require(x.rank >= 2, "groupNorm: a tensor of shape \(x.shape) (expected [examples, channels, ..])")
  let channels = x.shape[1]
  require(
    groups > 0 && channels % groups == 0,
    "groupNorm: \(channels) channels of input \(x.shape) in \(groups) equal groups")
  require(
    [weight, bias].allSatisfy { $0 == nil || $0?.shape == [channels] },
    "groupNorm: input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? []) (expected [\(channels)])")
  let places = x.shape.dropFirst(2).reduce(1, *)
  // Nothing to normalize is no examples, so that no kernel divides by a width of 0.
  let sizes = ChannelGroups(
    examples: x.elementCount == 0 ? 0 : x.shape[0], groups: groups, channels: channels / groups, places: places)
  let kernels = Kernels.table.normalizations
  let (mean, inverseDeviation) = (
    Storage(count: sizes.examples * groups), Storage(count: sizes.examples * groups)
  )
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        readOptional(bias) { bias in
          kernels.groupNorm(
            x, weight, bias, epsilon, y, mean.elements, inverseDeviation.elements, sizes, Kernels.schedule)
        }
      }
    }
  }
  return y.recorded("groupNorm") {
    wrt([x, weight, bias]) { dy, isTracked in
      let dWeight = isTracked[1] ? Storage(count: channels) : nil
      let dBias = isTracked[2] ? Storage(count: channels) : nil
      let dx = Tensor(uninitialized: x.shape) { dx in
        read(x, dy) { x, dy in
          readOptional(weight) { w in
            kernels.groupNormBackward(
              x, w, mean.elements, inverseDeviation.elements, dy, dx, dWeight?.elements,
              dBias?.elements, sizes, Kernels.schedule)
          }
        }
      }
      return [dx] + [dWeight, dBias].map { $0.map { Tensor(shape: [channels], storage: $0) } }
    }
  }
}
