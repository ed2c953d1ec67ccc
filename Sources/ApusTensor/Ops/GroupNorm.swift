// Normalization over groups of channels. Read first: ApusKernelsReference/ReferenceGroupNorm.swift, LayerNorm.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// Group normalization (x − mean) / √(variance + ε) · weight + bias, with mean and variance over each group of channels
/// of each example (Wu, He, arXiv:1803.08494).
///
/// With one group, each example is normalized as a whole; with as many groups as channels, each channel by itself.
///
/// - Parameters:
///   - x: [examples, channels, ..]
///   - groups: the number of groups; a group consists of adjacent channels.
///   - weight: [channels]
///   - bias: [channels]
///   - epsilon: ε. The variance is the biased one, as in PyTorch.
/// - Returns: the shape of x.
/// - Complexity: three passes over x, two of them from cache.
/// - Precondition: the number of channels is a multiple of `groups`; weight and bias have one element per channel.
public func groupNorm(
  _ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Float = 1e-5
) -> Tensor {
  require(x.rank >= 2, "groupNorm: input \(x.shape) (expected [examples, channels, ..])")
  let channels = x.shape[1]
  require(
    groups > 0 && channels % groups == 0,
    "groupNorm: input \(x.shape), \(groups) groups (they must divide the \(channels) channels)")
  require(
    [weight, bias].allSatisfy { $0 == nil || $0?.shape == [channels] },
    "groupNorm: input \(x.shape), weight \(weight?.shape ?? []), bias \(bias?.shape ?? []) (expected [\(channels)])")
  let places = x.shape.dropFirst(2).reduce(1, *)
  // An empty input counts as zero examples, so that no kernel divides by a width of 0.
  let sizes = ChannelGroups(
    examples: x.elementCount == 0 ? 0 : x.shape[0], groups: groups, channels: channels / groups, places: places)
  let kernels = Kernels.current
  let (mean, inverseDeviation) = (
    Storage(count: sizes.examples * groups), Storage(count: sizes.examples * groups)
  )
  let y = Tensor(uninitialized: x.shape) { y in
    read(x) { x in
      readOptional(weight) { weight in
        readOptional(bias) { bias in
          kernels.groupNorm(
            x, weight: weight, bias: bias, epsilon: epsilon, y, mean: mean.elements,
            inverseDeviation: inverseDeviation.elements, sizes: sizes, Kernels.schedule)
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
              x, weight: w, mean: mean.elements, inverseDeviation: inverseDeviation.elements, dy, dx,
              dWeight: dWeight?.elements, dBias: dBias?.elements, sizes: sizes, Kernels.schedule)
          }
        }
      }
      return [dx] + [dWeight, dBias].map { $0.map { Tensor(shape: [channels], storage: $0) } }
    }
  }
}
