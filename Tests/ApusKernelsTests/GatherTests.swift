// Looking up rows of a table, and adding rows to it: the bits of the twins in Float. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct GatherTests {
    /// Widths around the vector's, and counts and widths that are cut into tiles.
    private func shapes(_ kernels: AnyKernelSet) -> [(count: Int, width: Int)] {
      let lanes = kernels.laneCount
      let widths = [1, 2, lanes - 1, lanes, lanes + 1, 4 * lanes + 3]
      return [(0, 5), (4, 0)] + widths.flatMap { [(1, $0), (9, $0), (3_001, $0)] } + [(3, 40_007), (70, 1_001)]
    }

    /// Indices into a table of 11 rows, with repetitions.
    private func indices(_ count: Int) -> [Int32] { (0..<count).map { Int32($0 * $0 % 11) } }

    @Test(arguments: InstructionSet.supported)
    func gather(_ set: InstructionSet) {
      for (count, width) in shapes(set.kernels) {
        let (table, indices) = (Reference.numbers(11 * width, seed: 1), indices(count))
        let what = "\(set) gather of \(count) × \(width)"
        let y = result(count: count * width, what) {
          set.kernels.gather(table, indices: indices, $0, count: count, width: width, $1)
        }
        expectSame(y, Reference.gather(table, indices: indices, width: width), what)
      }
    }

    @Test(arguments: InstructionSet.supported, [Int32(-1), 4])
    func scatterAdd(_ set: InstructionSet, _ skipped: Int32) {
      for (count, width) in shapes(set.kernels) {
        let (x, table) = (Reference.numbers(count * width, seed: 1), Reference.numbers(11 * width, seed: 2))
        let indices = indices(count)
        let what = "\(set) scatter of \(count) × \(width), skipping \(skipped)"
        let y = result(into: table, what) {
          set.kernels.scatterAdd(x, indices: indices, to: $0, count: count, width: width, skipping: skipped, $1)
        }
        // The order of additions is fixed, so the result is exact.
        expectSame(y, Reference.scatterAdd(x, indices: indices, to: table, width: width, skipping: skipped), what)
      }
    }

    /// The skipped index need not be a row of the table.
    @Test(arguments: InstructionSet.supported)
    func skipsOutsideTheTable(_ set: InstructionSet) {
      let x = Reference.numbers(12, seed: 1)
      let sums = result(into: [1, 2, 3], "skip") {
        set.kernels.scatterAdd(x, indices: [0, -100, 0, -100], to: $0, count: 4, width: 3, skipping: -100, $1)
      }
      #expect(sums == [1 + x[0] + x[6], 2 + x[1] + x[7], 3 + x[2] + x[8]])
    }
  }
}
