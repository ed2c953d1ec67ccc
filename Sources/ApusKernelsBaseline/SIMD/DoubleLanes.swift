// Double-precision lanes, half as many, for the few functions whose range reduction needs more than 24 bits.
// Read next: Trigonometry.swift, Powers.swift.

#if APUS_AVX512
  typealias DoubleLanes = SIMD8<Double>
  typealias LongIntegers = SIMD8<Int64>
#elseif APUS_AVX2
  typealias DoubleLanes = SIMD4<Double>
  typealias LongIntegers = SIMD4<Int64>
#else
  typealias DoubleLanes = SIMD2<Double>
  typealias LongIntegers = SIMD2<Int64>
#endif

// The standard library's conversions of whole vectors are calls. Loops over lanes with constant bounds compile to the
// conversion instructions.

/// Half of the lanes, from `start` on, as doubles.
@inline(__always)
func widened(_ v: Lanes, from start: Int) -> DoubleLanes {
  var result = DoubleLanes.zero
  for lane in 0..<DoubleLanes.scalarCount { result[lane] = Double(v[start + lane]) }
  return result
}

/// Both halves rounded to floats; overflow gives infinity, underflow a subnormal number or zero.
@inline(__always)
func narrowed(_ low: DoubleLanes, _ high: DoubleLanes) -> Lanes {
  var result = Lanes.zero
  for lane in 0..<DoubleLanes.scalarCount {
    result[lane] = Float(low[lane])
    result[lane + DoubleLanes.scalarCount] = Float(high[lane])
  }
  return result
}

/// The low 32 bits of both halves.
@inline(__always)
func narrowed(_ low: LongIntegers, _ high: LongIntegers) -> LaneIntegers {
  var result = LaneIntegers.zero
  for lane in 0..<DoubleLanes.scalarCount {
    result[lane] = Int32(truncatingIfNeeded: low[lane])
    result[lane + DoubleLanes.scalarCount] = Int32(truncatingIfNeeded: high[lane])
  }
  return result
}

/// a·b + c, like `multiplyAdd` on floats.
@inline(__always)
func multiplyAdd(_ a: DoubleLanes, _ b: DoubleLanes, _ c: DoubleLanes) -> DoubleLanes {
  #if APUS_BASELINE && arch(x86_64)
    return c + a * b
  #else
    return c.addingProduct(a, b)
  #endif
}

@inline(__always)
func multiplyAdd(_ a: DoubleLanes, _ b: DoubleLanes, _ c: Double) -> DoubleLanes {
  multiplyAdd(a, b, DoubleLanes(repeating: c))
}

/// 1.5·2⁵²: adding it to a number below 2⁵¹ in magnitude leaves the nearest integer in the low bits.
@inline(__always) var wholeNumberShift: Double { 6_755_399_441_055_744 }
