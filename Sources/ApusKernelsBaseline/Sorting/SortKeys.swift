// Floats as integers in the same order, packed with their positions into keys, and a radix sort of such keys.
// Read next: Sort.swift, TopK.swift.

import ApusKernelTypes

/// An integer in the order −∞ < … < −0 = 0 < … < ∞ < NaN of x.
///
/// The bits of positive floats, taken as integers, are in the order of the floats. Those of negative floats are in the opposite
/// order, so all but the sign bit is inverted. Adding 0 turns −0 into 0.
@inline(__always)
func orderedInteger(_ x: Float) -> Int32 {
  let bits = Int32(bitPattern: (x + 0).bitPattern)
  return x != x ? Int32.max : bits ^ (bits >> 31 & 0x7FFF_FFFF)
}

/// `orderedInteger` of every lane.
@inline(__always)
func orderedIntegers(_ x: Lanes) -> LaneIntegers {
  let bits = unsafeBitCast(x + 0, to: LaneIntegers.self)
  return (bits ^ (bits &>> 31 & 0x7FFF_FFFF)).replacing(with: LaneIntegers(repeating: .max), where: x .!= x)
}

/// The key of element x at `position`. Keys are in the order of x, or in the opposite order if descending; those of equal
/// elements are in the order of their positions.
///
/// All keys of a line differ, so any method of sorting them is stable.
@inline(__always)
func sortKey(_ x: Float, at position: Int, isDescending: Bool) -> UInt64 {
  let order = UInt32(bitPattern: orderedInteger(x)) ^ 0x8000_0000
  return UInt64(isDescending ? ~order : order) << 32 | UInt64(UInt32(truncatingIfNeeded: position))
}

/// The position in a key.
@inline(__always)
func position(of key: UInt64) -> Int { Int(key & 0xFFFF_FFFF) }

/// The number of counters of type UInt32 that `sortKeys` needs.
let digitCounts = 3 * 2_048

/// Sorts `count` keys and returns the sorted array, which is `keys` or `spare`.
///
/// Up to 40 keys are sorted by insertion. More are sorted by their upper 32 bits with a radix sort, least significant digit
/// first: 4 digits of 8 bits or, from 4,096 keys on, 3 of 11. The lower 32 bits must ascend already. A digit that is the same in
/// all keys is skipped.
///
/// - Parameters:
///   - spare: Scratch memory for `count` keys.
///   - counts: Scratch memory for `digitCounts` numbers.
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
