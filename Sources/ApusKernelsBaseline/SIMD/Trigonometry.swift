// sin and cos on lanes, for all floats: range reduction in double precision, then a polynomial in single precision.
// Read first: DoubleLanes.swift. Read next: Powers.swift.

/// sin x, within 1.6 ulp; NaN at ±∞.
@inline(__always)
func sine(_ x: Lanes) -> Lanes {
  let (r, quadrant) = reducedAngle(x)
  return sineOrCosine(r, quadrant).replacing(with: x, where: x .== 0)
}

/// cos x, within 1.6 ulp; NaN at ±∞.
@inline(__always)
func cosine(_ x: Lanes) -> Lanes {
  let (r, quadrant) = reducedAngle(x)
  return sineOrCosine(r, quadrant &+ 1)
}

/// sin(r + quadrant·π/2) for |r| ≤ π/4.
@inline(__always)
private func sineOrCosine(_ r: Lanes, _ quadrant: LaneIntegers) -> Lanes {
  let z = r * r
  var s = multiplyAdd(z, -0.000_195_149_57, Lanes(repeating: 0.008_332_158))
  s = multiplyAdd(s, z, Lanes(repeating: -0.166_666_55))
  let sine = multiplyAdd(s, z * r, r)
  var c = multiplyAdd(z, 2.443_278_4e-5, Lanes(repeating: -0.001_388_731_3))
  c = multiplyAdd(c, z, Lanes(repeating: 0.041_666_646))
  let cosine = multiplyAdd(c, z * z, multiplyAdd(z, -0.5, Lanes(repeating: 1)))
  let value = sine.replacing(with: cosine, where: (quadrant & 1) .== 1)
  let sign = (quadrant & 2) &<< 30
  return unsafeBitCast(unsafeBitCast(value, to: LaneIntegers.self) ^ sign, to: Lanes.self)
}

/// r and n with x = r + n·π/2 and |r| ≤ π/4; of n only the low bits are valid.
@inline(__always)
private func reducedAngle(_ x: Lanes) -> (r: Lanes, quadrant: LaneIntegers) {
  let low = reducedAngle(widened(x, from: 0))
  let high = reducedAngle(widened(x, from: DoubleLanes.scalarCount))
  var (r, quadrant) = (narrowed(low.r, high.r), narrowed(low.quadrant, high.quadrant))
  // From 2²³ on, n times the parts of π/2 below is no longer exact. Such angles are rare, so they are done lane by lane.
  let isLarge = magnitude(x) .>= 8_388_608
  if horizontalSum(Lanes.zero.replacing(with: 1, where: isLarge)) > 0 {
    for lane in 0..<laneCount where isLarge[lane] {
      (r[lane], quadrant[lane]) = reducedLargeAngle(x[lane])
    }
  }
  return (r, quadrant)
}

/// The reduction for |x| < 2²³, with π/2 in three parts.
///
/// The first two parts have 30 bits, so n times them is exact for |n| < 2²³, and so are the first two differences where it
/// matters, near a multiple of π/2.
@inline(__always)
private func reducedAngle(_ x: DoubleLanes) -> (r: DoubleLanes, quadrant: LongIntegers) {
  let shifted = multiplyAdd(x, DoubleLanes(repeating: 0.636_619_772_367_581_34), wholeNumberShift)
  let n = shifted - wholeNumberShift
  let r = ((x - n * 1.570_796_325_802_803) - n * 9.920_935_791_635_221e-10) - n * 5.170_182_981_794_105e-19
  return (r, unsafeBitCast(shifted, to: LongIntegers.self))
}

/// The reduction of one |x| ≥ 2²³ (Payne, Hanek, SIGNUM Newsletter 18, 1983): x = m·2ᵉ times 2/π modulo 4, in integers.
///
/// The leading bits of 2/π, whose products with x are multiples of 4, do not matter. The 128 bits after them are enough.
@inline(never)
private func reducedLargeAngle(_ x: Float) -> (r: Float, quadrant: Int32) {
  let bits = x.bitPattern
  let exponent = Int(bits >> 23 & 0xFF)
  guard exponent < 255 else { return (.nan, 0) }
  let mantissa = UInt64(bits & 0x7F_FFFF | 0x80_0000)
  // x = m·2ᵉ with e = exponent − 150 from 0 to 104: the first bit that matters has the weight 2^(1−e).
  let first = exponent - 150 - 2
  var (high, low) = (window(at: first), window(at: first + 64))
  // m · window modulo 2¹²⁸: two bits for the quadrant, then the fraction of a quarter turn.
  high = high &* mantissa &+ low.multipliedFullWidth(by: mantissa).high
  low = low &* mantissa
  let fraction = Int64(bitPattern: high << 2 | low >> 62)
  // The fraction is signed: from ½ on it belongs to the next quadrant.
  let quadrant = Int32(truncatingIfNeeded: high >> 62) &+ (fraction < 0 ? 1 : 0)
  let r = Float(Double(fraction) * 0x1p-64 * 1.570_796_326_794_896_6)
  return x < 0 ? (-r, 0 &- quadrant) : (r, quadrant)
}

/// 64 bits of 2/π, from the bit of weight 2^(−1−start) on; bits before the binary point are zeros.
@inline(__always)
private func window(at start: Int) -> UInt64 {
  if start < 0 { return word(0) >> UInt64(-start) }
  let (index, shift) = (start / 64, UInt64(start % 64))
  return shift == 0 ? word(index) : word(index) << shift | word(index + 1) >> (64 - shift)
}

/// The bits of 2/π after the binary point, 64 at a time.
@inline(__always)
private func word(_ index: Int) -> UInt64 {
  switch index {
  case 0: 0xA2F9_836E_4E44_1529
  case 1: 0xFC27_57D1_F534_DDC0
  case 2: 0xDB62_9599_3C43_9041
  default: 0xFE51_63AB_DEBB_C561
  }
}
