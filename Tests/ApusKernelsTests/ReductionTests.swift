// Sums, maxima and minima along an axis, and the sum of squares, against the twins. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct ReductionTests {
    @Test(arguments: InstructionSet.supported, Reduction.allCases)
    func rows(_ set: InstructionSet, _ reduction: Reduction) {
      let kernels = set.kernels
      for (rows, columns) in kernels.rowShapes { check(kernels, reduction, outer: rows, count: columns, inner: 1) }
      // One long row is cut into blocks.
      for count in kernels.countsAroundEdges { check(kernels, reduction, outer: 1, count: count, inner: 1) }
      check(kernels, reduction, outer: 4, count: 0, inner: 1)
      check(kernels, reduction, outer: 1, count: 16_384 * 20 + 1, inner: 1)
    }

    @Test(arguments: InstructionSet.supported, Reduction.allCases)
    func columns(_ set: InstructionSet, _ reduction: Reduction) {
      let kernels = set.kernels
      let lanes = kernels.laneCount
      for inner in [2, 3, lanes - 1, lanes, lanes + 1, 4 * lanes - 1, 4 * lanes, 4 * lanes + 1, 9 * lanes + 5] {
        for count in [1, 2, 7] {
          for outer in [1, 3] { check(kernels, reduction, outer: outer, count: count, inner: inner) }
        }
      }
      check(kernels, reduction, outer: 1, count: 2_000, inner: 77)
      check(kernels, reduction, outer: 5, count: 129, inner: 513)
      check(kernels, reduction, outer: 1, count: 3, inner: 20_001)
      check(kernels, reduction, outer: 2, count: 0, inner: 5)
      check(kernels, reduction, outer: 0, count: 5, inner: 5)
      check(kernels, reduction, outer: 2, count: 5, inner: 0)
    }

    private func check(_ kernels: AnyKernelSet, _ reduction: Reduction, outer: Int, count: Int, inner: Int) {
      let x = Reference.numbers(outer * count * inner, seed: 1)
      let what = "\(kernels.name) \(reduction) of [\(outer), \(count), \(inner)]"
      let y = result(count: outer * inner, what) {
        kernels.reduce(reduction, x, $0, outer: outer, count: count, inner: inner, $1)
      }
      let expected = Reference.reduce(reduction, [Double](x), outer: outer, count: count, inner: inner)
      // Maxima are exact. A sum has as many roundings as terms, each of half an ulp of the sum so far, which is of the order
      // of 1 (√count/3, and errors of either sign), or of the result where that is large.
      let isSum = reduction == .sum
      expectClose(
        y, expected, relative: isSum ? roundoff * Double(count).squareRoot() : 0,
        absolute: isSum ? roundoff * Double(count + 1) : 0, what)
    }

    @Test(arguments: InstructionSet.supported)
    func extremesOfNaNAreNaN(_ set: InstructionSet) {
      let kernels = set.kernels
      for count in [1, 2, 7, 40, 200, 40_000] {
        // A NaN at the front, in the middle or at the end, beside infinities.
        for place in Set([0, count / 2, count - 1]) {
          var x = Reference.numbers(count, seed: 1)
          (x[(place + 1) % count], x[(place + 2) % count]) = (.infinity, -.infinity)
          x[place] = .nan
          for reduction in [Reduction.maximum, .minimum] {
            for (count, inner) in [(count, 1), (1, count)] {
              let y = result(count: inner, "NaN") {
                kernels.reduce(reduction, x, $0, outer: 1, count: count, inner: inner, $1)
              }
              let expected = Reference.reduce(reduction, x, outer: 1, count: count, inner: inner)
              expectClose(y, [Double](expected), "\(reduction) of \(count) × \(inner)")
            }
          }
        }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func sumOfSquares(_ set: InstructionSet) {
      let kernels = set.kernels
      for count in kernels.countsAroundEdges + [16_384 * 20 + 1] {
        let x = Reference.numbers(count, seed: 1)
        let exact = Reference.sumOfSquares([Double](x))
        let sums = schedules.map { kernels.sumOfSquares(x, count: count, $0.schedule) }
        #expect(Set(sums.map(\.bitPattern)).count == 1, "other bits with other workers, \(count)")
        // The longest chain of additions in Float is that of a block, over four accumulators.
        let chain = Double(min(count, 16_384)) / Double(4 * kernels.laneCount) + 8
        #expect(abs(sums[0] - exact) <= chain * roundoff * exact, "\(kernels.name), \(count)")
      }
    }
  }
}
