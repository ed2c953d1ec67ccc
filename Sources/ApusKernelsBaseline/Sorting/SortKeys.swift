// Floats as whole numbers in the same order, packed with their positions, and numbers sorted by their digits.
// Read next: Sort.swift, TopK.swift.

import ApusKernelTypes

/// A number that is larger where x is: −∞ < … < −0 = 0 < … < ∞ < NaN.
///
/// The bits of a positive float are in the floats' order as an integer; those of a negative one, but for the sign, in
/// the opposite one. Adding 0 makes −0 a 0.
@inline(__always)
func orderedInteger(_ x: Float) -> Int32 {
  let bits = Int32(bitPattern: (x + 0).bitPattern)
  return x != x ? Int32.max : bits ^ (bits >> 31 & 0x7FFF_FFFF)
}

@inline(__always)
func orderedIntegers(_ x: Lanes) -> LaneIntegers {
  let bits = unsafeBitCast(x + 0, to: LaneIntegers.self)
  return (bits ^ (bits &>> 31 & 0x7FFF_FFFF)).replacing(with: LaneIntegers(repeating: .max), where: x .!= x)
}

/// A key for the element x at `position`: in the order of x (or the opposite one), and equal elements in that of positions.
///
/// All keys of a line differ, so that sorting them by any method is stable.
@inline(__always)
func sortKey(_ x: Float, at position: Int, isDescending: Bool) -> UInt64 {
  let order = UInt32(bitPattern: orderedInteger(x)) ^ 0x8000_0000
  return UInt64(isDescending ? ~order : order) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
}

/// The position in a key.
@inline(__always)
func position(of key: UInt64) -> Int { Int(key & 0xFFFF_FFFF) }

/// Counts of digits that `sortKeys` needs, in elements of UInt32.
let digitCounts = 3 * 2_048

/// Sorts `count` keys, and returns where they are then: in `keys` or in `spare`, which has as many places.
///
/// A few are put in place one by one. Many are distributed by their digits, least significant first: 4 digits of 8 bits
/// or, from 4,096 keys on, 3 of 11. Only the upper 32 bits need to be looked at if the lower ones already ascend, and a digit
/// that is the same in all keys not at all.
///
/// - Parameter counts: scratch memory for `digitCounts` numbers.
@inline(__always)
func sortKeys(
  _ keys: UnsafeMutablePointer<UInt64>, spare: UnsafeMutablePointer<UInt64>, count: Int,
  counts: UnsafeMutablePointer<UInt32>
) -> UnsafeMutablePointer<UInt64> {
  if count <= 40 {
    for i in 1..<max(1, count) {
      let key = keys[i]
      var place = i
      while place > 0 && keys[place - 1] > key {
        keys[place] = keys[place - 1]
        place -= 1
      }
      keys[place] = key
    }
    return keys
  }
  return count < 4_096
    ? sortByDigits(keys, spare: spare, count: count, counts: counts, digits: 4, bits: 8)
    : sortByDigits(keys, spare: spare, count: count, counts: counts, digits: 3, bits: 11)
}

@inline(__always)
private func sortByDigits(
  _ keys: UnsafeMutablePointer<UInt64>, spare: UnsafeMutablePointer<UInt64>, count: Int,
  counts: UnsafeMutablePointer<UInt32>, digits: Int, bits: Int
) -> UnsafeMutablePointer<UInt64> {
  let (buckets, mask) = (1 << bits, UInt64(1 << bits - 1))
  counts.update(repeating: 0, count: digits * buckets)
  for i in 0..<count {
    let key = keys[i] >> 32
    for digit in 0..<digits { counts[digit * buckets + Int(key >> UInt64(digit * bits) & mask)] += 1 }
  }
  var (from, to) = (keys, spare)
  for digit in 0..<digits {
    let places = counts + digit * buckets
    let shift = UInt64(32 + digit * bits)
    if places[Int(from[0] >> shift & mask)] == UInt32(truncatingIfNeeded: count) { continue }
    var start: UInt32 = 0
    for bucket in 0..<buckets {
      let size = places[bucket]
      places[bucket] = start
      start += size
    }
    for i in 0..<count {
      let key = from[i]
      let bucket = Int(key >> shift & mask)
      to[Int(places[bucket])] = key
      places[bucket] += 1
    }
    (from, to) = (to, from)
  }
  return from
}
