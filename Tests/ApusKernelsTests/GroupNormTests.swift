// Normalization over groups of channels, forward and backward, against the twins. Read first: KernelTests.swift,
// LayerNormTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct GroupNormTests {
    private static let epsilon: Float = 1e-5

    /// Numbers of places around the vector's edges, one or several channels in a group, rows that are cut into tiles.
    private func sizes(_ kernels: AnyKernelSet) -> [ChannelGroups] {
      let l = kernels.laneCount
      return [1, l - 1, l, l + 1, 4 * l + 3].map { ChannelGroups(examples: 2, groups: 3, channels: 2, places: $0) } + [
        ChannelGroups(examples: 0, groups: 3, channels: 2, places: 5),
        ChannelGroups(examples: 5, groups: 1, channels: 7, places: 9),
        ChannelGroups(examples: 3, groups: 8, channels: 1, places: 49),
        ChannelGroups(examples: 2, groups: 2, channels: 5, places: 1_601),
        ChannelGroups(examples: 40, groups: 4, channels: 3, places: 33),
      ]
    }

    @Test(arguments: InstructionSet.supported)
    func forward(_ set: InstructionSet) {
      for sizes in sizes(set.kernels) { check(set.kernels, sizes, hasWeight: true, hasBias: true) }
      let small = ChannelGroups(examples: 2, groups: 3, channels: 2, places: 21)
      check(set.kernels, small, hasWeight: true, hasBias: false)
      check(set.kernels, small, hasWeight: false, hasBias: true)
      check(set.kernels, small, hasWeight: false, hasBias: false)
    }

    private func check(_ kernels: AnyKernelSet, _ sizes: ChannelGroups, hasWeight: Bool, hasBias: Bool) {
      let (allChannels, width) = (sizes.groups * sizes.channels, sizes.channels * sizes.places)
      let rows = sizes.examples * sizes.groups
      // The mean is not zero.
      let x = Reference.numbers(rows * width, seed: 1).map { $0 + 0.5 }
      let weight = hasWeight ? Reference.numbers(allChannels, seed: 2) : nil
      let bias = hasBias ? Reference.numbers(allChannels, seed: 3) : nil
      let what = "\(kernels.name) group norm of \(sizes), weight \(hasWeight), bias \(hasBias)"
      let rowOfNaN = [Float](repeating: .nan, count: rows)
      let outputs = results(into: [[Float](repeating: .nan, count: x.count), rowOfNaN, rowOfNaN], what) { y, schedule in
        withPointers(weight, bias) {
          kernels.groupNorm(
            x, weight: $0, bias: $1, epsilon: Self.epsilon, y[0], mean: y[1], inverseDeviation: y[2], sizes: sizes,
            schedule)
        }
      }
      let expected = Reference.groupNorm(
        [Double](x), weight: weight.map { [Double]($0) }, bias: bias.map { [Double]($0) },
        epsilon: Double(Self.epsilon), sizes)
      let meanError = roundoff * (Double(width).squareRoot() + 4)
      expectClose(outputs[1], expected.mean, absolute: meanError, "\(what), mean")
      expectClose(outputs[2], expected.inverseDeviation, relative: 2 * meanError, "\(what), 1/σ")
      let scales = expected.inverseDeviation.flatMap { [Double](repeating: 2 * $0 + 2, count: width) }
      expectClose(outputs[0], expected.y, relative: 2 * meanError, magnitudes: scales, what)
    }

    @Test(arguments: InstructionSet.supported)
    func backward(_ set: InstructionSet) {
      for sizes in sizes(set.kernels) { checkBackward(set.kernels, sizes, hasWeight: true) }
      let small = ChannelGroups(examples: 3, groups: 2, channels: 3, places: 21)
      checkBackward(set.kernels, small, hasWeight: false)
      checkBackward(set.kernels, small, hasWeight: true, wantsBias: false)
      checkBackward(set.kernels, small, hasWeight: true, wantsWeight: false)
      checkBackward(set.kernels, small, hasWeight: true, wantsWeight: false, wantsBias: false)
    }

    private func checkBackward(
      _ kernels: AnyKernelSet, _ sizes: ChannelGroups, hasWeight: Bool, wantsWeight: Bool = true, wantsBias: Bool = true
    ) {
      let (allChannels, width) = (sizes.groups * sizes.channels, sizes.channels * sizes.places)
      let count = sizes.examples * sizes.groups * width
      let (x, dy) = (Reference.numbers(count, seed: 1), Reference.numbers(count, seed: 4))
      let weight = hasWeight ? Reference.numbers(allChannels, seed: 2) : nil
      let forward = Reference.groupNorm(x, weight: nil, bias: nil, epsilon: 0.01, sizes)
      let what = "\(kernels.name) group norm backward of \(sizes), weight \(hasWeight)"
      let channelsOfNaN = [Float](repeating: .nan, count: allChannels)
      let outputs = results(
        into: [[Float](repeating: .nan, count: count), channelsOfNaN, channelsOfNaN], what
      ) { y, schedule in
        withPointers(weight, nil) { weight, _ in
          kernels.groupNormBackward(
            x, weight: weight, mean: forward.mean, inverseDeviation: forward.inverseDeviation, dy, y[0],
            dWeight: wantsWeight ? y[1] : nil,
            dBias: wantsBias ? y[2] : nil, sizes: sizes, schedule)
        }
      }
      let expected = Reference.groupNormBackward(
        [Double](x), weight: weight.map { [Double]($0) }, mean: [Double](forward.mean),
        inverseDeviation: [Double](forward.inverseDeviation), [Double](dy), sizes)
      // The two means are sums of terms of the order of 1. Where the deviation is small, x̂ is a large multiple of x − μ.
      let scales = forward.inverseDeviation.flatMap { [Double](repeating: Double($0) + 1, count: width) }
      expectClose(
        outputs[0], expected.dx, relative: roundoff * (Double(width).squareRoot() + 10), magnitudes: scales, what)
      // Sums over examples and places, with terms up to 1 and up to x̂ (1.7 for many places, less for few).
      let unwanted = [Double](repeating: .nan, count: allChannels)
      let absolute = roundoff * (1.7 * Double(sizes.examples * sizes.places) + 4)
      expectClose(outputs[1], wantsWeight ? expected.dWeight : unwanted, absolute: absolute, "\(what), dweight")
      expectClose(outputs[2], wantsBias ? expected.dBias : unwanted, absolute: absolute, "\(what), dbias")
    }
  }
}
