// Adding at strides, padding, gather and scatter along an axis: the bits of the twins in Float.
// Read first: KernelTests.swift, PermuteTests.swift, GatherTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct AlongAxisTests {
    /// Row-major strides.
    private func strides(_ sizes: [Int]) -> [Int] { sizes.indices.map { sizes[($0 + 1)...].reduce(1, *) } }

    @Test(arguments: InstructionSet.supported)
    func addStrided(_ set: InstructionSet) {
      // Sizes, and strides in the target: columns of wider rows, every second element, reversed axes, a single number.
      let cases: [([Int], [Int], start: Int)] = [
        ([], [], 0), ([1], [1], 0), ([37], [1], 5), ([20], [3], 0), ([50_021], [1], 0), ([5, 7], [11, 1], 2),
        ([5, 7], [30, 2], 0), ([3, 4, 5], [100, 20, 1], 7), ([4, 40], [-50, 1], 200), ([6, 9], [9, -1], 8),
        ([0, 3], [3, 1], 0), ([3, 0], [1, 1], 0), ([3_001, 17], [18, 1], 0), ([2, 20_011], [20_013, 1], 1),
      ]
      for (sizes, strides, start) in cases {
        let reach = zip(sizes, strides).reduce(start + 1) { $0 + max(0, $1.0 - 1) * max(0, $1.1) }
        let (x, y) = (Reference.numbers(sizes.reduce(1, *), seed: 1), Reference.numbers(reach + 3, seed: 2))
        let what = "\(set) adding \(sizes) by \(strides)"
        let sum = result(into: y, what) {
          set.kernels.addStrided(x, to: $0 + start, sizes: sizes, strides: strides, $1)
        }
        var expected = y
        for (position, value) in x.enumerated() {
          var (rest, place) = (position, start)
          for axis in sizes.indices.reversed() {
            place += rest % sizes[axis] * strides[axis]
            rest /= sizes[axis]
          }
          expected[place] += value
        }
        expectSame(sum, expected, what)
        // The twin's offsets start at the lowest element, so that they are not negative.
        if start == 0 { expectSame(sum, Reference.addStrided(x, to: y, sizes: sizes, strides: strides), what) }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func pad(_ set: InstructionSet) {
      let cases: [([Int], before: [Int], after: [Int])] = [
        ([], [], []), ([1], [0], [0]), ([5], [2], [3]), ([3, 4], [1, 0], [0, 2]), ([3, 4], [0, 3], [1, 0]),
        ([2, 3, 4], [1, 2, 3], [3, 2, 1]), ([2, 0, 3], [1, 2, 0], [0, 1, 4]), ([0], [2], [5]),
        ([0, 2], [0, 1], [0, 1]),
        ([300, 61], [1, 1], [1, 2]), ([2, 20_011], [0, 9_000], [1, 12_345]),
        ([1, 2, 2, 2, 1], [1, 1, 0, 1, 1], [0, 0, 2, 1, 0]),
      ]
      for (sizes, before, after) in cases {
        let padded = sizes.indices.map { before[$0] + sizes[$0] + after[$0] }
        let x = Reference.numbers(sizes.reduce(1, *), seed: 1)
        for value in [Float(0), -2.5] {
          let what = "\(set) \(sizes) padded by \(before) and \(after)"
          let y = result(count: padded.reduce(1, *), what) {
            set.kernels.pad(x, $0, sizes: sizes, before: before, padded: padded, value: value, $1)
          }
          expectSame(y, Reference.pad(x, sizes: sizes, before: before, padded: padded, value: value), what)
        }
      }
    }

    /// The shapes of the indexed tensor and of the indices, and the axis.
    private let picks: [(shape: [Int], index: [Int], axis: Int)] = [
      ([4, 5], [4, 3], 1), ([4, 5], [4, 9], 1), ([4, 5], [6, 2], 0), ([2, 3, 4], [2, 5, 4], 1),
      ([2, 3, 4], [1, 2, 3], 2),
      ([7], [20], 0), ([5, 1], [3, 1], 0), ([3, 4], [0, 4], 0), ([3, 4], [3, 0], 1), ([2, 2, 3, 2], [2, 1, 4, 2], 2),
      ([300, 90], [300, 71], 1), ([90, 300], [71, 300], 0), ([5_003, 4], [5_003, 1], 1), ([3, 30], [3, 20_001], 1),
      ([11, 20_003], [2, 20_001], 0), ([7], [40_001], 0), ([6, 50, 40], [6, 33, 40], 1),
    ]

    private func places(_ index: [Int], below bound: Int) -> [Int32] {
      (0..<index.reduce(1, *)).map { Int32($0 * $0 % 1_009 % bound) }
    }

    @Test(arguments: InstructionSet.supported)
    func gatherAlong(_ set: InstructionSet) {
      for (shape, index, axis) in picks {
        let (x, places) = (Reference.numbers(shape.reduce(1, *), seed: 1), places(index, below: shape[axis]))
        var strides = strides(shape)
        let axisStride = strides[axis]
        strides[axis] = 0
        let what = "\(set) gather \(index) of \(shape) along \(axis)"
        let y = result(count: places.count, what) {
          set.kernels.gatherAlong(x, indices: places, $0, sizes: index, strides: strides, axisStride: axisStride, $1)
        }
        let twin = Reference.gatherAlong(x, indices: places, sizes: index, strides: strides, axisStride: axisStride)
        expectSame(y, twin, what)
      }
    }

    @Test(arguments: InstructionSet.supported, [false, true])
    func scatterAlong(_ set: InstructionSet, _ adds: Bool) {
      for (shape, index, axis) in picks {
        let (y, places) = (Reference.numbers(shape.reduce(1, *), seed: 1), places(index, below: shape[axis]))
        let x = Reference.numbers(places.count, seed: 2)
        var strides = strides(shape)
        let axisStride = strides[axis]
        strides[axis] = 0
        let what = "\(set) scatter \(index) into \(shape) along \(axis), adding: \(adds)"
        let sum = result(into: y, what) {
          set.kernels.scatterAlong(
            x, indices: places, $0, sizes: index, strides: strides, axisStride: axisStride, axis: axis, adds: adds, $1)
        }
        let twin = Reference.scatterAlong(
          x, indices: places, into: y, sizes: index, strides: strides, axisStride: axisStride, adds: adds)
        expectSame(sum, twin, what)
      }
    }

    @Test(arguments: InstructionSet.supported)
    func select(_ set: InstructionSet) {
      for (outer, count, chosen, inner) in [
        (1, 5, 7, 1), (1, 5, 7, 3), (4, 6, 9, 1), (4, 6, 3, 17), (2, 3, 5, 131), (3_001, 4, 2, 1), (2, 3, 2, 20_011),
        (2, 3, 0, 4), (0, 3, 2, 4), (2, 3, 2, 0), (1, 90, 40_001, 1), (50, 7, 300, 5),
      ] {
        let places = places([chosen], below: count)
        let (x, dy) = (
          Reference.numbers(outer * count * inner, seed: 1), Reference.numbers(outer * chosen * inner, seed: 2)
        )
        let what = "\(set) \(chosen) of [\(outer), \(count), \(inner)]"
        let y = result(count: dy.count, what) {
          set.kernels.indexSelect(x, indices: places, $0, outer: outer, count: count, chosen: chosen, inner: inner, $1)
        }
        expectSame(y, Reference.indexSelect(x, indices: places, outer: outer, count: count, inner: inner), what)
        let dx = result(into: x, what) {
          set.kernels.indexAdd(
            dy, indices: places, to: $0, outer: outer, count: count, chosen: chosen, inner: inner, $1)
        }
        let twin = Reference.indexAdd(dy, indices: places, to: x, outer: outer, count: count, inner: inner)
        expectSame(dx, twin, what + ", backward")
      }
    }
  }
}
