// Rotary positions against the twin, both pairings, forward and backward. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct RotaryTests {
    private struct Sizes {
      var rows: Int
      var angleRows: Int
      var heads: Int
      var headSize: Int
      var pairs: Int
    }

    /// Numbers of pairs around the vector's edges, heads that are rotated as a whole or in part, rows that share angles, and
    /// several tiles.
    private func sizes(_ kernels: AnyKernelSet) -> [Sizes] {
      let l = kernels.laneCount
      return [0, 1, 2, l - 1, l, l + 1, 2 * l, 3 * l + 1].flatMap { pairs in
        [
          Sizes(rows: 6, angleRows: 3, heads: 2, headSize: 2 * pairs, pairs: pairs),
          Sizes(rows: 4, angleRows: 4, heads: 1, headSize: 2 * pairs + 3, pairs: pairs),
        ]
      } + [
        Sizes(rows: 0, angleRows: 1, heads: 2, headSize: 4, pairs: 2),
        Sizes(rows: 1_210, angleRows: 11, heads: 3, headSize: 24, pairs: 10),
      ]
    }

    @Test(arguments: InstructionSet.supported, [false, true])
    func rotate(_ set: InstructionSet, isBackward: Bool) {
      for s in sizes(set.kernels) {
        for areNeighbors in [false, true] {
          let count = s.rows * s.heads * s.headSize
          let x = Reference.numbers(count, seed: 1)
          let cosines = Reference.numbers(s.angleRows * s.pairs, seed: 2)
          let sines = Reference.numbers(s.angleRows * s.pairs, seed: 3)
          let what = "\(set) rotation \(s), neighbors \(areNeighbors), backward \(isBackward)"
          let inputs = [x, cosines, sines].map { Guarded($0) }
          let y = result(count: count, what) { y, schedule in
            set.kernels.rotate(
              RotaryArguments(
                x: inputs[0].pointer, y: y, cosines: inputs[1].pointer, sines: inputs[2].pointer,
                angleRows: s.angleRows, rows: s.rows, heads: s.heads, headSize: s.headSize, pairs: s.pairs,
                pairsAreNeighbors: areNeighbors, isBackward: isBackward),
              schedule)
          }
          let expected = Reference.rotate(
            [Double](x), cosines: [Double](cosines), sines: [Double](sines), heads: s.heads, headSize: s.headSize,
            pairs: s.pairs, pairsAreNeighbors: areNeighbors, isBackward: isBackward)
          // Two products and a sum, each rounded and below 2.
          expectClose(y, expected, absolute: 4 * roundoff, what)
        }
      }
    }
  }
}
