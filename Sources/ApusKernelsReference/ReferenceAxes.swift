// The naive twins of kernels along an axis: variance, log-sum-exp, extremes, cumulative sums, sorting.
// x is [outer, count, inner] throughout. Read next: ApusKernelsBaseline/Reductions, the kernels.

extension Reference {
  /// The lines of x along its middle axis, in the order of [outer, inner].
  @specialized(where T == Double)
  @specialized(where T == Float)
  private static func lines<T: ReferenceScalar>(_ x: [T], outer: Int, count: Int, inner: Int) -> [[T]] {
    (0..<outer * inner).map { line in
      (0..<count).map { x[(line / inner * count + $0) * inner + line % inner] }
    }
  }

  /// The inverse of `lines`.
  private static func joined<T>(_ lines: [[T]], outer: Int, count: Int, inner: Int) -> [T] {
    (0..<outer * count * inner).map { place in
      lines[place / (count * inner) * inner + place % inner][place / inner % count]
    }
  }

  /// The mean m of every line, and Σ (x − m)² / divisor.
  @specialized(where T == Double)
  package static func variance<T: ReferenceScalar>(
    _ x: [T], outer: Int, count: Int, inner: Int, divisor: T
  ) -> (mean: [T], variance: [T]) {
    let lines = lines(x, outer: outer, count: count, inner: inner)
    let means = lines.map { $0.reduce(0, +) / T(count) }
    return (means, zip(lines, means).map { line, m in line.reduce(0) { $0 + ($1 - m) * ($1 - m) } / divisor })
  }

  /// dx = scale · (x − mean), with one mean and one scale for every line.
  @specialized(where T == Double)
  package static func scaledDeviations<T: ReferenceScalar>(
    _ x: [T], mean: [T], scale: [T], outer: Int, count: Int, inner: Int
  ) -> [T] {
    x.indices.map { place in
      let line = place / (count * inner) * inner + place % inner
      return scale[line] * (x[place] - mean[line])
    }
  }

  /// log Σ eˣ of every line; −∞ over nothing.
  @specialized(where T == Double)
  package static func logSumExp<T: ReferenceScalar>(_ x: [T], outer: Int, count: Int, inner: Int) -> [T] {
    lines(x, outer: outer, count: count, inner: inner).map { line in
      let top = line.max() ?? -T.infinity
      if top.isInfinite { return top }
      return top + T.log(line.reduce(0) { $0 + T.exp($1 - top) })
    }
  }

  /// dx = dy · e^(x − y), and 0 where y is −∞.
  @specialized(where T == Double)
  package static func logSumExpBackward<T: ReferenceScalar>(
    _ x: [T], y: [T], dy: [T], outer: Int, count: Int, inner: Int
  ) -> [T] {
    x.indices.map { place in
      let line = place / (count * inner) * inner + place % inner
      return y[line] == -T.infinity ? 0 : dy[line] * T.exp(x[place] - y[line])
    }
  }

  /// y[r] = x[0] + … + x[r] along every line, or x[r] + … + x[count − 1] if reversed.
  @specialized(where T == Double)
  package static func cumulativeSum<T: ReferenceScalar>(
    _ x: [T], outer: Int, count: Int, inner: Int, isReversed: Bool
  ) -> [T] {
    let sums = lines(x, outer: outer, count: count, inner: inner).map { line in
      var total: T = 0
      let sums = (isReversed ? line.reversed() : line).map { value in
        total += value
        return total
      }
      return isReversed ? sums.reversed() : sums
    }
    return joined(sums, outer: outer, count: count, inner: inner)
  }

  /// The first position of the largest or smallest element of every line, or of its first NaN.
  @specialized(where T == Float)
  package static func extremePositions<T: ReferenceScalar>(
    _ x: [T], outer: Int, count: Int, inner: Int, isLargest: Bool
  ) -> [Int32] {
    lines(x, outer: outer, count: count, inner: inner).map { line in
      if let place = line.firstIndex(where: { $0.isNaN }) { return Int32(place) }
      let best = isLargest ? line.max() : line.min()
      return Int32(line.firstIndex { $0 == best } ?? 0)
    }
  }

  /// The gradient dy of every line, shared evenly by the elements that equal y (NaN equals NaN); 0 for the others.
  @specialized(where T == Double)
  package static func shareAmongEqual<T: ReferenceScalar>(
    _ x: [T], y: [T], dy: [T], outer: Int, count: Int, inner: Int
  ) -> [T] {
    let shares = lines(x, outer: outer, count: count, inner: inner).enumerated().map { index, line in
      let isEqual = line.map { $0 == y[index] || $0.isNaN && y[index].isNaN }
      let number = T(isEqual.count { $0 })
      return isEqual.map { $0 ? dy[index] / number : 0 }
    }
    return joined(shares, outer: outer, count: count, inner: inner)
  }

  /// The first k elements of every line in ascending or descending order, and their positions. The order is stable, and NaN is
  /// the largest.
  ///
  /// - Returns: The elements and their positions, both [outer, k, inner].
  @specialized(where T == Float)
  package static func sort<T: ReferenceScalar>(
    _ x: [T], outer: Int, count: Int, inner: Int, isDescending: Bool, first k: Int
  ) -> (values: [T], positions: [Int32]) {
    func isSmaller(_ a: T, _ b: T) -> Bool { a < b || b.isNaN && !a.isNaN }
    let lines = lines(x, outer: outer, count: count, inner: inner)
    let orders = lines.map { line in
      // The standard library's sort is stable.
      Array(
        line.indices.sorted { isDescending ? isSmaller(line[$1], line[$0]) : isSmaller(line[$0], line[$1]) }
          .prefix(k))
    }
    let values = zip(lines, orders).map { line, order in order.map { line[$0] } }
    return (
      joined(values, outer: outer, count: k, inner: inner),
      joined(orders.map { $0.map { Int32($0) } }, outer: outer, count: k, inner: inner)
    )
  }
}
