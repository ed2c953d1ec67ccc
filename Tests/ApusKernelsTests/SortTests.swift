// Sorting and top-k against the standard library's stable sort: the same values at the same positions.
// Read first: AxisTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct SortTests {
    /// Numbers with repetitions, zeros of both signs, infinities and NaNs of both signs.
    private func numbers(_ count: Int, seed: UInt64) -> [Float] {
      var x = Reference.numbers(count, seed: seed)
      for i in x.indices where i % 5 == 3 { x[i] = (x[i] * 8).rounded() / 8 }
      let special: [Float] = [.nan, .infinity, 0, -.infinity, -0.0, -.nan, 0x1p-130, -0x1p-131, -0.0, 0]
      for (place, i) in stride(from: 7, to: count, by: 43).enumerated() { x[i] = special[place % special.count] }
      return x
    }

    private let shapes: [AxisShape] =
      ([1, 2, 3, 16, 39, 40, 41, 42, 255, 257, 300, 4_095, 4_096, 5_003].map { (2, $0, 1) } + [
        (1, 20_011, 1), (300, 17, 1), (3, 11, 5), (2, 300, 3), (1, 1_000, 40), (0, 4, 1), (3, 0, 1), (2, 5, 0),
      ]).map { AxisShape(outer: $0, count: $1, inner: $2) }

    @Test(arguments: InstructionSet.supported, [false, true])
    func sort(_ set: InstructionSet, _ isDescending: Bool) {
      for shape in shapes {
        check(set, numbers(shape.elements, seed: 1), shape, isDescending: isDescending)
      }
    }

    /// Lines that are sorted already, sorted in the opposite order, constant, or equal in some digits of their keys.
    @Test(arguments: InstructionSet.supported, [false, true])
    func specialLines(_ set: InstructionSet, _ isDescending: Bool) {
      for count in [30, 500, 5_000] {
        let up = (0..<count).map { Float($0) }
        let lines: [[Float]] = [
          up, up.reversed(), up.map { _ in 3 }, up.map { $0.truncatingRemainder(dividingBy: 2) },
          up.map { 1 + $0 * 0x1p-23 },
        ]
        for line in lines {
          let shape = AxisShape(outer: 1, count: count, inner: 1)
          check(set, line, shape, isDescending: isDescending)
          for k in [1, 5, 16, 17, count] { check(set, line, shape, k: k, isLargest: isDescending) }
        }
      }
    }

    @Test(arguments: InstructionSet.supported, [false, true])
    func topK(_ set: InstructionSet, _ isLargest: Bool) {
      for shape in shapes {
        let x = numbers(shape.elements, seed: 2)
        for k in Set([0, 1, 2, 15, 16, 17, 50, 300, shape.count / 2, shape.count]) where k <= shape.count {
          check(set, x, shape, k: k, isLargest: isLargest)
        }
      }
    }

    private func check(_ set: InstructionSet, _ x: [Float], _ shape: AxisShape, isDescending: Bool) {
      let what = "\(set) sort of \(shape), descending: \(isDescending)"
      let nan = [Float](repeating: .nan, count: shape.elements)
      let y = results(into: [nan, nan], what) {
        set.kernels.sort(
          x, $0[0], asPositions($0[1]), outer: shape.outer, count: shape.count, inner: shape.inner,
          isDescending: isDescending, $1)
      }
      let twin = Reference.sort(
        x, outer: shape.outer, count: shape.count, inner: shape.inner, isDescending: isDescending, first: shape.count)
      expectSame(y[0], twin.values, what)
      #expect(integers(y[1]) == twin.positions, "\(what)")
    }

    private func check(_ set: InstructionSet, _ x: [Float], _ shape: AxisShape, k: Int, isLargest: Bool) {
      let what = "\(set) top \(k) of \(shape), largest: \(isLargest)"
      let nan = [Float](repeating: .nan, count: shape.lines * k)
      let y = results(into: [nan, nan], what) {
        set.kernels.topK(
          x, $0[0], asPositions($0[1]), outer: shape.outer, count: shape.count, inner: shape.inner, k: k,
          isLargest: isLargest, $1)
      }
      let twin = Reference.sort(
        x, outer: shape.outer, count: shape.count, inner: shape.inner, isDescending: isLargest, first: k)
      expectSame(y[0], twin.values, what)
      #expect(integers(y[1]) == twin.positions, "\(what)")
    }
  }
}
