// √x, 1/√x and rounding to integers on lanes. Read first: FastMath.swift. Read next: Trigonometry.swift.

/// 1/√x of positive normal numbers, within three ulp: Newton's method, from a first guess that halves the exponent.
///
/// Swift has no vector square root that compiles to the vector instruction: `squareRoot()` on a vector becomes sixteen scalar
/// square roots.
@_transparent
private func estimatedInverseRoot(_ x: Lanes) -> Lanes {
  var y = unsafeBitCast(0x5F37_59DF &- (unsafeBitCast(x, to: LaneIntegers.self) &>> 1), to: Lanes.self)
  let half = x * -0.5
  y *= multiplyAdd(half * y, y, Lanes(repeating: 1.5))
  y *= multiplyAdd(half * y, y, Lanes(repeating: 1.5))
  y *= multiplyAdd(half * y, y, Lanes(repeating: 1.5))
  return y
}

/// √x, within 0.8 ulp; NaN below 0, −0 at −0. It is x · 1/√x with one correction.
@_transparent
func squareRoot(_ x: Lanes) -> Lanes {
  let isSubnormal = x .< 0x1p-126
  let normal = x.replacing(with: x * 0x1p48, where: isSubnormal)
  let y = estimatedInverseRoot(normal)
  var root = normal * y
  root = multiplyAdd(multiplyAdd(-root, root, normal), y * 0.5, root)
  return
    root
    .replacing(with: root * 0x1p-24, where: isSubnormal)
    .replacing(with: x, where: (x .== 0) .| (x .== .infinity))
    .replacing(with: .nan, where: x .< 0)
}

/// 1/√x, within 1.2 ulp; ±∞ at ±0, NaN below 0.
@_transparent
func inverseSquareRoot(_ x: Lanes) -> Lanes {
  let isSubnormal = x .< 0x1p-126
  let normal = x.replacing(with: x * 0x1p48, where: isSubnormal)
  var y = estimatedInverseRoot(normal)
  y = multiplyAdd(multiplyAdd(-(normal * y), y, Lanes(repeating: 1)), y * 0.5, y)
  return
    y
    .replacing(with: y * 0x1p24, where: isSubnormal)
    .replacing(with: 1 / x, where: (x .== 0) .| (x .== .infinity))
    .replacing(with: .nan, where: x .< 0)
    .replacing(with: x, where: x .!= x)
}

/// The nearest integer, ties to even; the sign of zero is kept.
///
/// From 2²³ on every float is an integer. Below, adding 2²³ leaves no bits for a fraction.
@_transparent
func rounded(_ x: Lanes) -> Lanes {
  let size = magnitude(x)
  let whole = (size + 8_388_608) - 8_388_608
  return copySign(size.replacing(with: whole, where: size .< 8_388_608), from: x)
}

/// The largest integer that is not above x.
@_transparent
func floor(_ x: Lanes) -> Lanes {
  let nearest = rounded(x)
  return nearest.replacing(with: nearest - 1, where: nearest .> x)
}

/// The smallest integer that is not below x.
@_transparent
func ceiling(_ x: Lanes) -> Lanes {
  let nearest = rounded(x)
  return copySign(nearest.replacing(with: nearest + 1, where: nearest .< x), from: x)
}
