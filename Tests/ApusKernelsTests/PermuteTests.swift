// Permuted axes and copied rows: the bits of the twins. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct PermuteTests {
    /// Every order of the axes of some shapes.
    private func orders(_ rank: Int) -> [[Int]] {
      guard rank > 0 else { return [[]] }
      return orders(rank - 1).flatMap { order in
        (0..<rank).map { place in Array(order[..<place]) + [rank - 1] + Array(order[place...]) }
      }
    }

    private func check(_ kernels: AnyKernelSet, shape: [Int], order: [Int]) {
      let x = Reference.numbers(shape.reduce(1, *), seed: 1)
      let strides = shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
      let (sizes, sourceStrides) = (order.map { shape[$0] }, order.map { strides[$0] })
      let what = "\(kernels.name) \(shape) in order \(order)"
      let y = result(count: x.count, what) { kernels.permute(x, $0, sizes: sizes, strides: sourceStrides, $1) }
      expectSame(y, Reference.permute(x, sizes: sizes, strides: sourceStrides), what)
    }

    @Test(arguments: InstructionSet.supported)
    func everyOrder(_ set: InstructionSet) {
      let small = [
        [], [1], [37], [3, 5], [16, 16], [17, 15], [2, 3, 4], [5, 1, 19], [2, 3, 5, 7], [2, 1, 3, 2, 5],
      ]
      for shape in small + [[3, 0, 2], [0]] {
        for order in orders(shape.count) { check(set.kernels, shape: shape, order: order) }
      }
    }

    /// Planes and rows that are cut into tiles.
    @Test(arguments: InstructionSet.supported)
    func largeShapes(_ set: InstructionSet) {
      for shape in [[300, 201], [40_001, 3], [3, 20_003], [40_001]] {
        for order in orders(shape.count) { check(set.kernels, shape: shape, order: order) }
      }
      for order in [[0, 2, 1, 3], [3, 1, 0, 2], [1, 2, 3, 0]] {
        check(set.kernels, shape: [6, 50, 4, 33], order: order)
      }
      check(set.kernels, shape: [2, 150, 131], order: [0, 2, 1])
      check(set.kernels, shape: [2, 150, 131], order: [1, 0, 2])
    }

    /// Other strides: a broadcast axis, and a window into larger rows.
    @Test(arguments: InstructionSet.supported)
    func otherStrides(_ set: InstructionSet) {
      let x = Reference.numbers(2_000, seed: 1)
      for (sizes, strides) in [
        ([4, 25], [0, 1]), ([25, 4], [1, 0]), ([6, 7, 8], [100, 9, 1]), ([5, 6], [300, 2]), ([900], [2]),
        ([3, 17, 20], [0, 1, 17]), ([9, 2, 30], [1, 270, 9]), ([30, 3, 2, 8], [1, 240, 720, 30]),
        ([40_001], [0]), ([2, 20_000], [1, 0]), ([3, 2, 20], [1, 500, 0]),
      ] {
        let count = sizes.reduce(1, *)
        let y = result(count: count, "\(sizes) by \(strides)") {
          set.kernels.permute(x, $0, sizes: sizes, strides: strides, $1)
        }
        expectSame(y, Reference.permute(x, sizes: sizes, strides: strides), "\(sizes) by \(strides)")
      }
    }

    /// Negative strides, from a later element on.
    @Test(arguments: InstructionSet.supported)
    func reversedStrides(_ set: InstructionSet) {
      for (sizes, strides, start) in [
        ([40], [-1], 39), ([7, 33], [-33, 1], 198), ([7, 33], [33, -1], 32), ([33, 7], [1, -33], 198),
      ] {
        let x = Reference.numbers(400, seed: 1)
        let y = result(count: sizes.reduce(1, *), "\(sizes) by \(strides)") { y, schedule in
          x.withUnsafeBufferPointer {
            if let base = $0.baseAddress {
              set.kernels.permute(base + start, y, sizes: sizes, strides: strides, schedule)
            }
          }
        }
        let expected = (0..<y.count).map { place in
          let last = sizes[sizes.count - 1]
          let row = sizes.count == 1 ? 0 : place / last * strides[0]
          return x[start + row + place % last * strides[sizes.count - 1]]
        }
        expectSame(y, expected, "\(set) \(sizes) by \(strides)")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func fill(_ set: InstructionSet) {
      for count in [0, 1, 7, 32_768, 70_001] {
        let y = result(count: count, "fill") { set.kernels.fill($0, with: 2.5, count: count, $1) }
        #expect(y.allSatisfy { $0 == 2.5 })
        let indices = (0..<count).map { Int32($0 * 7_919 % 50_021) }
        let largest = schedules.map { set.kernels.largestIndex(indices, count: count, $0.schedule) }
        #expect(Set(largest) == [UInt32(indices.max() ?? 0)])
        let negative = indices + [-3]
        #expect(set.kernels.largestIndex(negative, count: count + 1, .serial) == UInt32(bitPattern: -3))
      }
    }

    @Test(arguments: InstructionSet.supported)
    func copyRows(_ set: InstructionSet) {
      for (rows, columns) in set.kernels.rowShapes + [(1, 50_021), (4, 0)] {
        for (xGap, yGap) in [(0, 0), (3, 0), (0, 5), (1, 2)] {
          let (xStride, yStride) = (columns + xGap, columns + yGap)
          let (x, y) = (Reference.numbers(rows * xStride, seed: 1), Reference.numbers(rows * yStride, seed: 2))
          let what = "\(set) \(rows) × \(columns) from stride \(xStride) to \(yStride)"
          let copy = result(into: y, what) {
            set.kernels.copyRows(x, stride: xStride, $0, stride: yStride, rows: rows, columns: columns, $1)
          }
          expectSame(
            copy, Reference.copyRows(x, stride: xStride, into: y, stride: yStride, rows: rows, columns: columns), what)
        }
      }
    }
  }
}
