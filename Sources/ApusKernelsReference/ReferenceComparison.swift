// The difference between a kernel's results and its twin's, in units of an allowed error or in ulps. It is here, not among the
// tests, because it loops over millions of numbers, and tests are compiled without optimization. Read next: ApusKernelsTests.

extension Reference {
  /// The largest |actual − expected| / (relative · magnitude + absolute), which is at most 1 for a correct result, and its index.
  ///
  /// Infinities must be equal, and NaNs in the same places.
  ///
  /// - Parameters:
  ///   - actual: A kernel's result.
  ///   - expected: The twin's result, of the same count.
  ///   - relative: The allowed error as a share of the magnitude.
  ///   - absolute: The allowed error in addition to that.
  ///   - magnitudes: The magnitude of each element; nil: |expected|.
  /// - Returns: The error in units of the allowed one; infinite if counts, infinities or NaNs differ.
  package static func worstError(
    _ actual: [Float], _ expected: [Double], relative: Double, absolute: Double, magnitudes: [Double]? = nil
  ) -> (error: Double, index: Int) {
    guard actual.count == expected.count else { return (.infinity, min(actual.count, expected.count)) }
    var worst = (error: 0.0, index: 0)
    for i in actual.indices {
      let (a, e) = (Double(actual[i]), expected[i])
      if a == e || a.isNaN && e.isNaN { continue }
      // Beyond the range of Float, infinity is the nearest float.
      if a.isInfinite && Float(e) == actual[i] { continue }
      let ratio = abs(a - e) / (relative * (magnitudes?[i] ?? abs(e)) + absolute)
      let error = ratio.isNaN ? .infinity : ratio
      if error > worst.error { worst = (error, i) }
    }
    return worst
  }

  /// The error of `actual` in units in the last place of the float nearest to `exact`.
  ///
  /// Results below the smallest normal float, 2⁻¹²⁶, may be flushed to zero, so the unit is 2⁻¹²⁶ there.
  package static func ulps(_ actual: Float, _ exact: Double) -> Double {
    if exact.isNaN || actual.isNaN { return exact.isNaN && actual.isNaN ? 0 : .infinity }
    let nearest = Float(exact)
    if nearest.isInfinite || actual.isInfinite { return nearest == actual ? 0 : .infinity }
    return abs(exact - Double(actual)) / unit(nearest)
  }

  private static func unit(_ x: Float) -> Double {
    abs(x) < .leastNormalMagnitude ? Double(Float.leastNormalMagnitude) : Double(x.ulp)
  }

  /// The largest error in ulps over all results, and its index.
  ///
  /// - Parameters:
  ///   - actual: A kernel's result.
  ///   - exact: The twin's result, of the same count.
  ///   - inputs: Numbers in whose ulps errors are measured where these are larger than the results' ulps; nil: none.
  package static func worstUlps(
    _ actual: [Float], _ exact: [Double], orOf inputs: [Float]? = nil
  ) -> (ulps: Double, index: Int) {
    guard actual.count == exact.count else { return (.infinity, 0) }
    var worst = (ulps: 0.0, index: 0)
    for i in actual.indices {
      var error = ulps(actual[i], exact[i])
      if let inputs { error = min(error, abs(exact[i] - Double(actual[i])) / unit(inputs[i])) }
      if error > worst.ulps { worst = (error, i) }
    }
    return worst
  }

  /// The floats whose bit patterns are `start`, `start + step`, …
  package static func floats(from start: UInt32, step: UInt32, count: Int) -> [Float] {
    var result = [Float](repeating: 0, count: count)
    for i in 0..<count { result[i] = Float(bitPattern: start &+ UInt32(truncatingIfNeeded: i) &* step) }
    return result
  }

  /// The same numbers in Double.
  package static func doubles(_ x: [Float]) -> [Double] {
    var result = [Double](repeating: 0, count: x.count)
    for i in x.indices { result[i] = Double(x[i]) }
    return result
  }

  /// Uniform random numbers of [−1, 1), which depend on the seed alone.
  package static func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var result: [Float] = uniform(count: count, key: seed, stream: 0)
    for i in result.indices { result[i] = 2 * result[i] - 1 }
    return result
  }
}
