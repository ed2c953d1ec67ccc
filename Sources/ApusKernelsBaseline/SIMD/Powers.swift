// xʸ, computed in double precision, and eˣ − 1 and ln(1 + u), which avoid the cancellation in exp and log.
// Read first: FastMath.swift, DoubleLanes.swift. Read next: ../Pointwise/Parametric.swift.

/// ln(1 + u) for 0 ≤ u ≤ 1, within 1.2 ulp: log's polynomial at u or at (1 + u)/2 − 1, both of which are exact.
@_transparent
func logOfOnePlus(_ u: Lanes) -> Lanes {
  let isLarge = u .> 0.414_213_56
  let f = u.replacing(with: (u - 1) * 0.5, where: isLarge)
  return logarithm(exponent: Lanes.zero.replacing(with: 1, where: isLarge), mantissaLessOne: f)
}

/// ln(1 + eᵃˣ) / a, within 2 ulp for a = 1; 0 where results would be subnormal.
@_transparent
func softplus(_ x: Lanes, _ a: Float) -> Lanes {
  x.replacing(with: 0, where: x .< 0) + logOfOnePlus(exp(-magnitude(x * a))) / a
}

/// eˣ − 1 for x ≤ 0, within 1.5 ulp.
///
/// x = n·ln 2 + r as in exp, and eˣ − 1 = 2ⁿ·(eʳ − 1) + (2ⁿ − 1).
@_transparent
func expLessOne(_ x: Lanes) -> Lanes {
  // Below −20 the result rounds to −1.
  let x = maximum(x, Lanes(repeating: -20))
  let magic: Float = 12_582_912
  let shifted = multiplyAdd(x, 1.442_695_04, Lanes(repeating: magic))
  let n = shifted - magic
  var r = multiplyAdd(n, -0.693_145_75, x)
  r = multiplyAdd(n, -1.428_606_8e-6, r)
  var p = multiplyAdd(r, 0.000_198_458_85, Lanes(repeating: 0.001_394_072_1))
  p = multiplyAdd(p, r, Lanes(repeating: 0.008_333_39))
  p = multiplyAdd(p, r, Lanes(repeating: 0.041_666_36))
  p = multiplyAdd(p, r, Lanes(repeating: 0.166_666_66))
  p = multiplyAdd(p, r, Lanes(repeating: 0.5))
  let q = multiplyAdd(p, r * r, r)
  let exponent = unsafeBitCast(shifted, to: LaneIntegers.self) &<< 23
  let scale = unsafeBitCast(exponent &+ 0x3F80_0000, to: Lanes.self)
  return multiplyAdd(q, scale, scale - 1).replacing(with: x, where: (x .!= x) .| (x .== 0))
}

/// xʸ, within 0.51 ulp. Special cases are those of C: 1 for y = 0 or x = 1, NaN for x < 0 and fractional y.
@inline(__always)
func power(_ x: Lanes, _ y: Lanes) -> Lanes {
  let size = magnitude(x)
  let middle = DoubleLanes.scalarCount
  let result = narrowed(
    power(widened(size, from: 0), widened(y, from: 0)), power(widened(size, from: middle), widened(y, from: middle)))
  // For negative x the result is negative where y is odd, and NaN where y is fractional. From 2²⁴ on all floats are even.
  let half = y * 0.5
  let isOdd = (rounded(half) .!= half) .& (rounded(y) .== y)
  let isFraction = rounded(y) .!= y
  let signs = unsafeBitCast(x, to: LaneIntegers.self) & LaneIntegers(repeating: .min)
  let negated = unsafeBitCast(unsafeBitCast(result, to: LaneIntegers.self) ^ signs, to: Lanes.self)
  return
    result
    .replacing(with: negated, where: isOdd)
    .replacing(with: .nan, where: (x .< 0) .& (x .> -.infinity) .& isFraction)
    .replacing(with: 1, where: (y .== 0) .| (x .== 1) .| ((x .== -1) .& (magnitude(y) .== .infinity)))
}

/// 2^(y·log₂ x) for x ≥ 0.
@inline(__always)
private func power(_ x: DoubleLanes, _ y: DoubleLanes) -> DoubleLanes {
  // x = 2ᵉ·m with m in [√½, √2), log₂ m = 2/ln 2 · atanh s for s = (m − 1)/(m + 1).
  let bits = unsafeBitCast(x, to: LongIntegers.self)
  let e = (bits &- 0x3FE6_A09E_667F_3BCD) &>> 52
  let m = unsafeBitCast(bits &- (e &<< 52), to: DoubleLanes.self)
  let exponent = unsafeBitCast(e &+ 0x4338_0000_0000_0000, to: DoubleLanes.self) - wholeNumberShift
  let s = (m - 1) / (m + 1)
  let z = s * s
  var p = multiplyAdd(z, DoubleLanes(repeating: 0.282_540_313_748_088_13), 0.319_934_718_549_588_94)
  p = multiplyAdd(p, z, 0.412_208_403_398_436_06)
  p = multiplyAdd(p, z, 0.577_077_953_176_144_1)
  p = multiplyAdd(p, z, 0.961_796_694_057_807_3)
  p = multiplyAdd(p, z, 2.885_390_081_777_926_8)
  let logarithm = multiplyAdd(p, s, exponent)
    .replacing(with: -.infinity, where: x .== 0)
    .replacing(with: x, where: (x .== .infinity) .| (x .!= x))
  var t = logarithm * y
  // These limits are far outside the range of floats, and inside that of doubles.
  t = t.replacing(with: 1_000, where: t .> 1_000)
  t = t.replacing(with: -1_000, where: t .< -1_000)
  let shifted = t + wholeNumberShift
  let r = t - (shifted - wholeNumberShift)
  var q = multiplyAdd(r, DoubleLanes(repeating: 1.519_613_185_269_629_8e-5), 0.000_154_667_817_215_340_47)
  q = multiplyAdd(q, r, 0.001_333_393_536_678_081)
  q = multiplyAdd(q, r, 0.009_618_038_058_889_163)
  q = multiplyAdd(q, r, 0.055_504_103_653_774_73)
  q = multiplyAdd(q, r, 0.240_226_510_670_094_3)
  q = multiplyAdd(q, r, 0.693_147_180_704_768_1)
  q = multiplyAdd(q, r, 1)
  let scaled = unsafeBitCast(q, to: LongIntegers.self) &+ (unsafeBitCast(shifted, to: LongIntegers.self) &<< 52)
  return unsafeBitCast(scaled, to: DoubleLanes.self).replacing(with: t, where: t .!= t)
}
