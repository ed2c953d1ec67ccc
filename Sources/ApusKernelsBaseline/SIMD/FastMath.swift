// exp, log, tanh, sigmoid and erf on lanes: each is a range reduction and a polynomial, without tables or branches.
// Read next: Roots.swift, Trigonometry.swift, Powers.swift; ../Pointwise/Activations.swift, which uses them.
//
// The coefficients are minimax fits of the relative error (iteratively reweighted least squares at 4,000 Chebyshev nodes).
// The stated errors are the worst against Double over every float between 2⁻¹⁵ and 2⁷ and every 101st elsewhere, on all
// instruction sets. FastMathTests repeats the sweep on fewer floats.
//
// The functions are transparent: with `@inline(__always)`, some loops over activations called `exp` for every vector.

/// eˣ, within 1.1 ulp; 0 below −87.33 (where results would be subnormal), ∞ above 88.72.
///
/// x = n·ln 2 + r with |r| ≤ ½ ln 2, so eˣ = 2ⁿ·eʳ. Adding 1.5·2²³ rounds to the nearest integer n and leaves it in the low
/// bits of the sum, from where a shift moves it into the exponent.
@_transparent
func exp(_ x: Lanes) -> Lanes {
  let magic: Float = 12_582_912
  let shifted = multiplyAdd(x, 1.442_695_04, Lanes(repeating: magic))
  let n = shifted - magic
  // ln 2 is split in two parts. The first has trailing zeros, so n times it is exact.
  var r = multiplyAdd(n, -0.693_145_75, x)
  r = multiplyAdd(n, -1.428_606_8e-6, r)
  var p = multiplyAdd(r, 0.001_381_454_06, Lanes(repeating: 0.008_368_745_45))
  p = multiplyAdd(p, r, Lanes(repeating: 0.041_668_389))
  p = multiplyAdd(p, r, Lanes(repeating: 0.166_665_211))
  p = multiplyAdd(p, r, Lanes(repeating: 0.499_999_94))
  p = multiplyAdd(p, r * r, r) + 1
  let exponent = unsafeBitCast(shifted, to: LaneIntegers.self) &<< 23
  let scaled = unsafeBitCast(unsafeBitCast(p, to: LaneIntegers.self) &+ exponent, to: Lanes.self)
  return
    scaled
    .replacing(with: 0, where: x .< -87.336_54)
    .replacing(with: .infinity, where: x .> 88.722_83)
    .replacing(with: x, where: x .!= x)
}

/// ln x, within 0.9 ulp; −∞ at 0, NaN below.
///
/// x = 2ᵉ·m with m in [√½, √2), and ln m = f − f²/2 + f³·P(f) for f = m − 1.
@_transparent
func log(_ x: Lanes) -> Lanes {
  let isSubnormal = x .< 0x1p-126
  let normal = x.replacing(with: x * 8_388_608, where: isSubnormal)
  let bits = unsafeBitCast(normal, to: LaneIntegers.self)
  let e = (bits &- 0x3F35_04F3) &>> 23
  let f = unsafeBitCast(bits &- (e &<< 23), to: Lanes.self) - 1
  // e as a float, without a conversion (which would be a call): (1.5·2²³ + e) − 1.5·2²³.
  var exponent = unsafeBitCast(e &+ 0x4B40_0000, to: Lanes.self) - 12_582_912
  exponent = exponent.replacing(with: exponent - 23, where: isSubnormal)
  return logarithm(exponent: exponent, mantissaLessOne: f)
    .replacing(with: -.infinity, where: x .== 0)
    .replacing(with: .nan, where: x .< 0)
    .replacing(with: x, where: (x .== .infinity) .| (x .!= x))
}

/// e·ln 2 + ln(1 + f) for √½ − 1 ≤ f ≤ √2 − 1.
@_transparent
func logarithm(exponent: Lanes, mantissaLessOne f: Lanes) -> Lanes {
  var p = multiplyAdd(f, -0.076_345_004, Lanes(repeating: 0.127_615_824))
  p = multiplyAdd(p, f, Lanes(repeating: -0.131_601_825))
  p = multiplyAdd(p, f, Lanes(repeating: 0.142_017_573))
  p = multiplyAdd(p, f, Lanes(repeating: -0.166_233_569))
  p = multiplyAdd(p, f, Lanes(repeating: 0.200_012_267))
  p = multiplyAdd(p, f, Lanes(repeating: -0.250_008_196))
  p = multiplyAdd(p, f, Lanes(repeating: 0.333_333_313))
  let square = f * f
  var y = p * (square * f)
  y = multiplyAdd(exponent, 1.428_606_8e-6, y)
  y = multiplyAdd(square, -0.5, y)
  return multiplyAdd(exponent, 0.693_145_75, f + y)
}

/// 1 / (1 + e⁻ˣ), within 2.5 ulp; 0 below −88.72 (where results would be subnormal).
@_transparent
func sigmoid(_ x: Lanes) -> Lanes { 1 / (1 + exp(-x)) }

/// tanh x, within 1.4 ulp: an odd polynomial near 0, where 1 − 2 / (e²ˣ + 1) would suffer cancellation. −0 stays −0.
@_transparent
func tanh(_ x: Lanes) -> Lanes {
  let size = magnitude(x)
  let square = x * x
  var p = multiplyAdd(square, -0.005_666_975, Lanes(repeating: 0.020_606_175))
  p = multiplyAdd(p, square, Lanes(repeating: -0.053_730_007))
  p = multiplyAdd(p, square, Lanes(repeating: 0.133_313_313))
  p = multiplyAdd(p, square, Lanes(repeating: -0.333_332_777))
  let small = multiplyAdd(p, square * x, x)
  let large = 1 - 2 / (exp(size + size) + 1)
  return copySign(small.replacing(with: large, where: size .> 0.625), from: x)
}

/// erf x, within 2.6 ulp: an odd polynomial for |x| ≤ 1, ±(1 − e^(−P(|x|))) above; ±1 for |x| ≥ 4.
@_transparent
func erf(_ x: Lanes) -> Lanes {
  let square = x * x
  var p = multiplyAdd(square, 7.853_861_46e-5, Lanes(repeating: -0.000_801_019_37))
  p = multiplyAdd(p, square, Lanes(repeating: 0.005_188_327_75))
  p = multiplyAdd(p, square, Lanes(repeating: -0.026_853_812_9))
  p = multiplyAdd(p, square, Lanes(repeating: 0.112_835_854))
  p = multiplyAdd(p, square, Lanes(repeating: -0.376_126_26))
  p = multiplyAdd(p, square, Lanes(repeating: 1.128_379_11))
  let small = p * x
  let size = magnitude(x)
  let t = minimum(size, Lanes(repeating: 4))
  var q = multiplyAdd(t, -0.000_192_425_192, Lanes(repeating: 0.003_008_529_31))
  q = multiplyAdd(q, t, Lanes(repeating: -0.022_087_611_3))
  q = multiplyAdd(q, t, Lanes(repeating: 0.103_640_266))
  q = multiplyAdd(q, t, Lanes(repeating: 0.637_517_095))
  q = multiplyAdd(q, t, Lanes(repeating: 1.127_474_9))
  q = multiplyAdd(q, t, Lanes(repeating: 0.000_244_721_683))
  let large = copySign(1 - exp(-q), from: x)
  return small.replacing(with: large, where: size .> 1)
}

/// The a from which on Φ(−a) is subnormal.
@inline(__always) var normalTailEnd: Float { 12.9 }

/// Φ(−a), the normal distribution's tail beyond a, for 0 ≤ a ≤ 12.9. The absolute error is at most half an ulp of 1; far out
/// the relative error reaches a tenth.
///
/// It is 2^(−P(a)) with a polynomial P for −log₂ Φ(−a), fitted to the absolute error, because gelu adds a·Φ(−a) to x.
@_transparent
func normalTail(_ a: Lanes) -> Lanes {
  var p = multiplyAdd(a, 7.147_692_5e-9, Lanes(repeating: -3.189_177_8e-7))
  p = multiplyAdd(p, a, Lanes(repeating: 5.630_672e-6))
  p = multiplyAdd(p, a, Lanes(repeating: -4.941_547e-5))
  p = multiplyAdd(p, a, Lanes(repeating: 0.000_202_264_16))
  p = multiplyAdd(p, a, Lanes(repeating: 0.000_129_751_28))
  p = multiplyAdd(p, a, Lanes(repeating: -0.007_073_619_4))
  p = multiplyAdd(p, a, Lanes(repeating: 0.052_509_937))
  p = multiplyAdd(p, a, Lanes(repeating: 0.459_202_47))
  p = multiplyAdd(p, a, Lanes(repeating: 1.151_106))
  p = multiplyAdd(p, a, Lanes(repeating: 1))
  // −p = n − r with integer n and |r| ≤ ½: 2⁻ʳ is a polynomial, and 2ⁿ goes into the exponent as in exp.
  let magic: Float = 12_582_912
  let shifted = magic - p
  let r = p + (shifted - magic)
  var q = multiplyAdd(r, 0.000_153_532_57, Lanes(repeating: -0.001_339_900_4))
  q = multiplyAdd(q, r, Lanes(repeating: 0.009_618_439))
  q = multiplyAdd(q, r, Lanes(repeating: -0.055_503_32))
  q = multiplyAdd(q, r, Lanes(repeating: 0.240_226_48))
  q = multiplyAdd(q, r, Lanes(repeating: -0.693_147_2))
  q = multiplyAdd(q, r, Lanes(repeating: 1))
  let exponent = unsafeBitCast(shifted, to: LaneIntegers.self) &<< 23
  return unsafeBitCast(unsafeBitCast(q, to: LaneIntegers.self) &+ exponent, to: Lanes.self)
}
