// The vector type of this instruction set: its width, loads, stores, partial vectors, and the multiply–add.
// Read next: FastMath.swift, functions on lanes; ../MatMul/MicroKernel.swift, the hottest use of lanes.

#if APUS_AVX512
  typealias Lanes = SIMD16<Float>
  typealias LaneIntegers = SIMD16<Int32>
#elseif APUS_AVX2
  typealias Lanes = SIMD8<Float>
  typealias LaneIntegers = SIMD8<Int32>
#else
  typealias Lanes = SIMD4<Float>
  typealias LaneIntegers = SIMD4<Int32>
#endif

/// Floats in a vector register.
let laneCount = Lanes.scalarCount

/// a·b + c.
///
/// This is one instruction with one rounding where the instruction set has it. SSE2 does not have it: `addingProduct` would
/// call the C library once per lane there (70 times slower), so the kernel multiplies and adds instead.
@inline(__always)
func multiplyAdd(_ a: Lanes, _ b: Lanes, _ c: Lanes) -> Lanes {
  #if APUS_BASELINE && arch(x86_64)
    return c + a * b
  #else
    return c.addingProduct(a, b)
  #endif
}

@inline(__always)
func multiplyAdd(_ a: Lanes, _ b: Float, _ c: Lanes) -> Lanes {
  multiplyAdd(a, Lanes(repeating: b), c)
}

// The standard library's pointwiseMin and clamped are loops over scalars. A comparison and a selection on a concrete vector
// type compile to one instruction.

/// The smaller of a and b; a where either is NaN.
@inline(__always)
func minimum(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .< a) }

/// The larger of a and b; a where either is NaN.
@inline(__always)
func maximum(_ a: Lanes, _ b: Lanes) -> Lanes { a.replacing(with: b, where: b .> a) }

/// a clamped to −limit ... limit; NaN stays NaN. (Transparent for the reason that FastMath.swift gives.)
@_transparent
func clamped(_ a: Lanes, to limit: Float) -> Lanes {
  maximum(minimum(a, Lanes(repeating: limit)), Lanes(repeating: -limit))
}

/// |a|
@inline(__always)
func magnitude(_ a: Lanes) -> Lanes {
  unsafeBitCast(unsafeBitCast(a, to: LaneIntegers.self) & 0x7FFF_FFFF, to: Lanes.self)
}

/// |a| with the sign of b.
@inline(__always)
func copySign(_ a: Lanes, from b: Lanes) -> Lanes {
  let signs = unsafeBitCast(b, to: LaneIntegers.self) & LaneIntegers(repeating: .min)
  let bits = unsafeBitCast(a, to: LaneIntegers.self) & 0x7FFF_FFFF
  return unsafeBitCast(bits | signs, to: Lanes.self)
}

extension UnsafePointer<Float> {
  /// The vector that starts at element `index`; it may be unaligned.
  @inline(__always)
  func lanes(at index: Int) -> Lanes {
    UnsafeRawPointer(self + index).loadUnaligned(as: Lanes.self)
  }

  /// The first `count` < laneCount elements at `index`, then `padding`; nothing after the row is read.
  ///
  /// This is a call, made once per row. When it was inlined, loops grew so large that their bodies no longer were.
  @inline(never)
  func partialLanes(at index: Int, count: Int, padding: Float = 0) -> Lanes {
    inlinedPartialLanes(at: index, count: count, padding: padding)
  }

  /// The same without a call, for rows that are hardly longer than a vector.
  ///
  /// It splits the vector in halves: a full first half is one load, and only the rest is split further. (When it went lane by
  /// lane, attention heads of eight features took most of a small model's time.)
  @inline(__always)
  func inlinedPartialLanes(at index: Int, count: Int, padding: Float = 0) -> Lanes {
    #if APUS_AVX512
      let isHalf = count >= 8
      let rest = partialEight(at: isHalf ? index + 8 : index, count: isHalf ? count - 8 : count, padding)
      return isHalf
        ? Lanes(lowHalf: UnsafeRawPointer(self + index).loadUnaligned(as: SIMD8<Float>.self), highHalf: rest)
        : Lanes(lowHalf: rest, highHalf: SIMD8(repeating: padding))
    #elseif APUS_AVX2
      return partialEight(at: index, count: count, padding)
    #else
      return partialFour(at: index, count: count, padding)
    #endif
  }

  @inline(__always)
  private func partialEight(at index: Int, count: Int, _ padding: Float) -> SIMD8<Float> {
    let isHalf = count >= 4
    let rest = partialFour(at: isHalf ? index + 4 : index, count: isHalf ? count - 4 : count, padding)
    return isHalf
      ? SIMD8(lowHalf: UnsafeRawPointer(self + index).loadUnaligned(as: SIMD4<Float>.self), highHalf: rest)
      : SIMD8(lowHalf: rest, highHalf: SIMD4(repeating: padding))
  }

  @inline(__always)
  private func partialFour(at index: Int, count: Int, _ padding: Float) -> SIMD4<Float> {
    assert(count < 4, "a full vector is not a partial one")
    var result = SIMD4<Float>(repeating: padding)
    if count > 0 { result[0] = self[index] }
    if count > 1 { result[1] = self[index + 1] }
    if count > 2 { result[2] = self[index + 2] }
    return result
  }
}

extension UnsafeMutablePointer<Float> {
  /// The vector that starts at element `index`; it may be unaligned.
  @inline(__always)
  func lanes(at index: Int) -> Lanes { UnsafePointer(self).lanes(at: index) }

  /// The first `count` < laneCount elements at `index`, then `padding`.
  @inline(__always)
  func partialLanes(at index: Int, count: Int, padding: Float = 0) -> Lanes {
    UnsafePointer(self).partialLanes(at: index, count: count, padding: padding)
  }

  /// Writes a full vector from element `index` on.
  @inline(__always)
  func store(_ value: Lanes, at index: Int) {
    UnsafeMutableRawPointer(self + index).storeBytes(of: value, as: Lanes.self)
  }

  /// Writes the first `count` < laneCount elements of a vector. This is a call, for the reason given at `partialLanes`.
  @inline(never)
  func storePartial(_ value: Lanes, at index: Int, count: Int) {
    #if APUS_AVX512
      guard count >= 8 else { return storeEight(value.lowHalf, at: index, count: count) }
      UnsafeMutableRawPointer(self + index).storeBytes(of: value.lowHalf, as: SIMD8<Float>.self)
      storeEight(value.highHalf, at: index + 8, count: count - 8)
    #elseif APUS_AVX2
      storeEight(value, at: index, count: count)
    #else
      storeFour(value, at: index, count: count)
    #endif
  }

  @inline(__always)
  private func storeEight(_ value: SIMD8<Float>, at index: Int, count: Int) {
    guard count >= 4 else { return storeFour(value.lowHalf, at: index, count: count) }
    UnsafeMutableRawPointer(self + index).storeBytes(of: value.lowHalf, as: SIMD4<Float>.self)
    storeFour(value.highHalf, at: index + 4, count: count - 4)
  }

  @inline(__always)
  private func storeFour(_ value: SIMD4<Float>, at index: Int, count: Int) {
    assert(count < 4, "a full vector is not a partial one")
    if count > 0 { self[index] = value[0] }
    if count > 1 { self[index + 1] = value[1] }
    if count > 2 { self[index + 2] = value[2] }
  }
}

extension UnsafePointer<Float> {
  /// The `count` ≤ laneCount elements at `index`, then `padding`.
  @inline(__always)
  func lanes(at index: Int, count: Int, padding: Float = 0) -> Lanes {
    count == laneCount ? lanes(at: index) : partialLanes(at: index, count: count, padding: padding)
  }
}

extension UnsafeMutablePointer<Float> {
  /// The `count` ≤ laneCount elements at `index`, then `padding`.
  @inline(__always)
  func lanes(at index: Int, count: Int, padding: Float = 0) -> Lanes {
    UnsafePointer(self).lanes(at: index, count: count, padding: padding)
  }

  /// Writes the first `count` ≤ laneCount elements of a vector.
  @inline(__always)
  func store(_ value: Lanes, at index: Int, count: Int) {
    if count == laneCount { store(value, at: index) } else { storePartial(value, at: index, count: count) }
  }
}

/// Calls `body` with a pointer to the lanes of `vector`, so that a loop over whole vectors can run on the rest of a row.
@inline(__always)
func onVector(_ vector: inout Lanes, _ body: (UnsafeMutablePointer<Float>) -> Void) {
  withUnsafeMutablePointer(to: &vector) { pointer in
    pointer.withMemoryRebound(to: Float.self, capacity: laneCount) { body($0) }
  }
}

/// Calls `body` for every vector of a row of `count` elements, with its first index and its length: laneCount, except perhaps
/// for the last.
///
/// Once inlined, the length is a literal in the loop, so the choice between full and partial vectors disappears. Pass a local
/// function marked `@inline(__always)`: a closure would be called for every vector.
@inline(__always)
func forEachVector(of count: Int, _ body: (_ index: Int, _ count: Int) -> Void) {
  var index = 0
  while index + laneCount <= count {
    body(index, laneCount)
    index += laneCount
  }
  if index < count { body(index, count - index) }
}

/// Calls `body` for every full vector of `range`, then `tail` once for the remaining elements, if there are any.
@inline(__always)
func forEachVector(in range: Range<Int>, _ body: (Int) -> Void, tail: (_ index: Int, _ count: Int) -> Void) {
  var index = range.lowerBound
  while index + laneCount <= range.upperBound {
    body(index)
    index += laneCount
  }
  if index < range.upperBound { tail(index, range.upperBound - index) }
}
