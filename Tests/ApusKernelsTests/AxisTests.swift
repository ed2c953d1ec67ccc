// Kernels along an axis against their twins: variance, log-sum-exp, cumulative sums, extremes.
// Read first: KernelTests.swift, ReductionTests.swift. Read next: SortTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// x [outer, count, inner]
struct AxisShape: CustomStringConvertible {
  var (outer, count, inner): (Int, Int, Int)

  var elements: Int { outer * count * inner }
  var lines: Int { outer * inner }
  var description: String { "[\(outer), \(count), \(inner)]" }

  /// Line lengths around the edges of vectors, strips of columns, long rows that are cut into blocks, and empty shapes.
  static func all(_ kernels: AnyKernelSet) -> [AxisShape] {
    let l = kernels.laneCount
    let rows = kernels.rowShapes.map { AxisShape(outer: $0.rows, count: $0.columns, inner: 1) }
    let long = [8_191, 8_192, 16_384, 16_385, 50_021].map { AxisShape(outer: 1, count: $0, inner: 1) }
    let columns = [2, 3, l - 1, l, l + 1, 4 * l + 3].flatMap { inner in
      [1, 2, 7].flatMap { count in [1, 3].map { AxisShape(outer: $0, count: count, inner: inner) } }
    }
    return rows + long + columns + [
      AxisShape(outer: 4, count: 0, inner: 1), AxisShape(outer: 2, count: 0, inner: 5),
      AxisShape(outer: 2, count: 5, inner: 0), AxisShape(outer: 1, count: 2_003, inner: 77),
      AxisShape(outer: 5, count: 129, inner: 513), AxisShape(outer: 1, count: 3, inner: 20_001),
    ]
  }
}

/// The positions that a kernel wrote into an output of floats.
func integers(_ floats: [Float]) -> [Int32] { floats.map { Int32(bitPattern: $0.bitPattern) } }

func asPositions(_ pointer: UnsafeMutablePointer<Float>) -> UnsafeMutablePointer<Int32> {
  UnsafeMutableRawPointer(pointer).assumingMemoryBound(to: Int32.self)
}

extension KernelTests {
  @Suite struct AxisTests {
    @Test(arguments: InstructionSet.supported, [Float(0), 300])
    func variance(_ set: InstructionSet, _ offset: Float) {
      let kernels = set.kernels
      for shape in AxisShape.all(kernels) {
        let x = Reference.numbers(shape.elements, seed: 1).map { $0 + offset }
        let divisor = Float(max(0, shape.count - 1))
        let what = "\(set) variance of \(shape) around \(offset)"
        let nan = [Float](repeating: .nan, count: shape.lines)
        let y = results(into: [nan, nan], what) {
          kernels.variance(
            x, mean: $0[0], $0[1], outer: shape.outer, count: shape.count, inner: shape.inner, divisor: divisor, $1)
        }
        let twin = Reference.variance(
          [Double](x), outer: shape.outer, count: shape.count, inner: shape.inner, divisor: Double(divisor))
        expectClose(y[0], twin.mean, relative: 3 * roundoff, absolute: 4 * roundoff, what + ", mean")
        // As many roundings as terms, of either sign. Squares are positive, so there is no cancellation.
        expectClose(y[1], twin.variance, relative: roundoff * (16 + Double(shape.count).squareRoot()), what)
      }
    }

    @Test(arguments: InstructionSet.supported)
    func scaledDeviations(_ set: InstructionSet) {
      for shape in AxisShape.all(set.kernels) {
        let x = Reference.numbers(shape.elements, seed: 1)
        let (mean, scale) = (Reference.numbers(shape.lines, seed: 2), Reference.numbers(shape.lines, seed: 3))
        let what = "\(set) deviations of \(shape)"
        let dx = result(count: shape.elements, what) {
          set.kernels.scaledDeviations(
            x, mean: mean, scale: scale, $0, outer: shape.outer, count: shape.count, inner: shape.inner, $1)
        }
        let twin = Reference.scaledDeviations(
          [Double](x), mean: [Double](mean), scale: [Double](scale), outer: shape.outer, count: shape.count,
          inner: shape.inner)
        expectClose(dx, twin, relative: 2.1 * roundoff, what)
      }
    }

    @Test(arguments: InstructionSet.supported)
    func logSumExp(_ set: InstructionSet) {
      for shape in AxisShape.all(set.kernels) {
        let x = Reference.numbers(shape.elements, seed: 1).map { $0 * 8 }
        let dy = Reference.numbers(shape.lines, seed: 2)
        let what = "\(set) logSumExp of \(shape)"
        let y = result(count: shape.lines, what) {
          set.kernels.logSumExp(x, $0, outer: shape.outer, count: shape.count, inner: shape.inner, $1)
        }
        let twin = Reference.logSumExp([Double](x), outer: shape.outer, count: shape.count, inner: shape.inner)
        // A relative error of the sum is an absolute error of its logarithm.
        let absolute = roundoff * (8 + Double(shape.count).squareRoot())
        expectClose(y, twin, relative: 2 * roundoff, absolute: absolute, what)

        let dx = result(count: shape.elements, what) {
          set.kernels.logSumExpBackward(x, y, dy, $0, outer: shape.outer, count: shape.count, inner: shape.inner, $1)
        }
        let back = Reference.logSumExpBackward(
          [Double](x), y: [Double](y), dy: [Double](dy), outer: shape.outer, count: shape.count, inner: shape.inner)
        // The exponent, up to 27, is rounded to half an ulp: an absolute error, which is a relative error of the exponential.
        expectClose(dx, back, relative: 32 * roundoff, what + ", backward")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func logSumExpOfInfinities(_ set: InstructionSet) {
      for count in [1, 5, 40, 40_000] {
        let lines: [[Float]] = [
          [Float](repeating: -.infinity, count: count),
          [-.infinity] + [Float](repeating: 90, count: count - 1),
          [.infinity] + [Float](repeating: 3, count: count - 1),
          [Float](repeating: -1e30, count: count),
          [.nan] + [Float](repeating: 1, count: count - 1),
        ]
        for line in lines {
          for (count, inner) in [(count, 1), (count, 2)] {
            let x = inner == 1 ? line : line.flatMap { [$0, $0] }
            let y = result(count: inner, "infinities") {
              set.kernels.logSumExp(x, $0, outer: 1, count: count, inner: inner, $1)
            }
            let twin =
              line[0].isNaN
              ? [.nan] : Reference.logSumExp([Double](line), outer: 1, count: count, inner: 1)
            expectClose(y, inner == 1 ? twin : twin + twin, relative: 1e-5, "\(set): \(line.prefix(3)) × \(count)")
          }
        }
        let empty = result(count: count, "gradient of nothing") {
          let (x, dy): ([Float], [Float]) = ([Float](repeating: -.infinity, count: count), [2])
          set.kernels.logSumExpBackward(x, [-.infinity], dy, $0, outer: 1, count: count, inner: 1, $1)
        }
        #expect(empty.allSatisfy { $0 == 0 })
      }
    }

    @Test(arguments: InstructionSet.supported, [false, true])
    func cumulativeSum(_ set: InstructionSet, _ isReversed: Bool) {
      let more = [(3, 9_000, 1), (1, 70_001, 1), (2, 40, 600)].map { AxisShape(outer: $0, count: $1, inner: $2) }
      for shape in AxisShape.all(set.kernels) + more {
        let x = Reference.numbers(shape.elements, seed: 1)
        let what = "\(set) running sum of \(shape), reversed: \(isReversed)"
        let y = result(count: shape.elements, what) {
          set.kernels.cumulativeSum(
            x, $0, outer: shape.outer, count: shape.count, inner: shape.inner, isReversed: isReversed, $1)
        }
        let twin = Reference.cumulativeSum(
          [Double](x), outer: shape.outer, count: shape.count, inner: shape.inner, isReversed: isReversed)
        // Sums are in Double and rounded once.
        expectClose(y, twin, relative: 1.001 * roundoff, absolute: 1e-11, what)
      }
    }

    @Test(arguments: InstructionSet.supported, [false, true])
    func extremes(_ set: InstructionSet, _ isLargest: Bool) {
      for shape in AxisShape.all(set.kernels) where shape.count > 0 {
        // Multiples of a quarter, so that many are equal.
        var x = Reference.numbers(shape.elements, seed: 1).map { ($0 * 4).rounded() / 4 }
        for i in stride(from: 3, to: x.count, by: 1_009) { x[i] = .nan }
        for i in stride(from: 5, to: x.count, by: 701) { x[i] = isLargest ? .infinity : -.infinity }
        let what = "\(set) positions in \(shape), largest: \(isLargest)"
        let positions = result(count: shape.lines, what) {
          set.kernels.extremePositions(
            x, asPositions($0), outer: shape.outer, count: shape.count, inner: shape.inner, isLargest: isLargest, $1)
        }
        let twin = Reference.extremePositions(
          x, outer: shape.outer, count: shape.count, inner: shape.inner, isLargest: isLargest)
        #expect(integers(positions) == twin, "\(what)")

        let y = twin.enumerated().map { line, place in
          x[(line / shape.inner * shape.count + Int(place)) * shape.inner + line % shape.inner]
        }
        let dy = Reference.numbers(shape.lines, seed: 2)
        let dx = result(count: shape.elements, what) {
          set.kernels.shareAmongEqual(x, y, dy, $0, outer: shape.outer, count: shape.count, inner: shape.inner, $1)
        }
        let shares = Reference.shareAmongEqual(
          [Double](x), y: [Double](y), dy: [Double](dy), outer: shape.outer, count: shape.count, inner: shape.inner)
        expectClose(dx, shares, relative: 1.001 * roundoff, what + ", shares")
      }
    }
  }
}
