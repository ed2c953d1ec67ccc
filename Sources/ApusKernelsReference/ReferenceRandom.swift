// The naive twins of random numbers and dropout: Philox-4x32-10 as in its paper (Salmon, Moraes, Dror, Shaw, SC 2011).
// Read next: ApusKernelsBaseline/Pointwise/Random.swift, the kernels.

extension Reference {
  /// Four random words from a counter, by ten rounds of multiplications, exchanges and xor with the key.
  package static func philox(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var (c, k) = (counter, key)
    for _ in 0..<10 {
      let first = UInt64(0xD251_1F53) * UInt64(c[0])
      let second = UInt64(0xCD9E_8D57) * UInt64(c[2])
      c = SIMD4(
        UInt32(second >> 32) ^ c[1] ^ k[0], UInt32(second & 0xFFFF_FFFF),
        UInt32(first >> 32) ^ c[3] ^ k[1], UInt32(first & 0xFFFF_FFFF))
      // The golden ratio and √3 − 1, as fractions of 2³².
      k = k &+ SIMD2(0x9E37_79B9, 0xBB67_AE85)
    }
    return c
  }

  /// y[i] = the upper 24 bits of word i of the stream, as a number of [0, 1).
  ///
  /// Words 4q … 4q+3 come from the counter whose lower half is q and whose upper half is `stream`.
  ///
  /// - Parameters:
  ///   - count: Number of words.
  ///   - key: The seed.
  ///   - stream: One of 2⁶⁴ independent sequences.
  /// - Returns: [count]
  @specialized(where T == Double)
  @specialized(where T == Float)
  package static func uniform<T: ReferenceScalar>(count: Int, key: UInt64, stream: UInt64) -> [T] {
    var y = [T](repeating: 0, count: count)
    var words = SIMD4<UInt32>()
    for i in 0..<count {
      if i % 4 == 0 {
        let (low, high) = (halves(UInt64(i / 4)), halves(stream))
        words = philox(counter: SIMD4(lowHalf: low, highHalf: high), key: halves(key))
      }
      y[i] = T(words[i % 4] >> 8) / T(1 << 24)
    }
    return y
  }

  /// y[i] = x[i] / keep where number i of the stream is below `keep`, 0 elsewhere.
  ///
  /// - Parameters:
  ///   - x: [count]
  ///   - keep: The probability of keeping an element.
  ///   - key: The seed.
  ///   - stream: One of 2⁶⁴ independent sequences.
  /// - Returns: [count]
  @specialized(where T == Double)
  package static func dropout<T: ReferenceScalar>(_ x: [T], keep: T, key: UInt64, stream: UInt64) -> [T] {
    let numbers: [T] = uniform(count: x.count, key: key, stream: stream)
    var y = x
    for i in x.indices { y[i] = numbers[i] < keep ? x[i] / keep : 0 }
    return y
  }

  private static func halves(_ x: UInt64) -> SIMD2<UInt32> { SIMD2(UInt32(x & 0xFFFF_FFFF), UInt32(x >> 32)) }
}
