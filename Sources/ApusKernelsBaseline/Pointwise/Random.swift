// Random numbers without state: Philox-4x32-10 (Salmon, Moraes, Dror, Shaw, SC 2011) turns a counter and a key into four
// words, so any worker can compute any element, and a backward can recompute the forward's dropout mask.
// Read next: ApusTensor/RandomGenerator.swift.

package import ApusKernelTypes

/// The four words of a 128-bit counter, whose upper half is `stream`, under `key`.
@inline(__always)
func philox(key: UInt64, stream: UInt64, counter: UInt64) -> (UInt32, UInt32, UInt32, UInt32) {
  var (c0, c1) = (UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32))
  var (c2, c3) = (UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32))
  var (k0, k1) = (UInt32(truncatingIfNeeded: key), UInt32(truncatingIfNeeded: key >> 32))
  for _ in 0..<10 {
    let a = UInt64(0xD251_1F53) &* UInt64(c0)
    let b = UInt64(0xCD9E_8D57) &* UInt64(c2)
    (c0, c1, c2, c3) = (
      UInt32(truncatingIfNeeded: b >> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: b),
      UInt32(truncatingIfNeeded: a >> 32) ^ c3 ^ k1, UInt32(truncatingIfNeeded: a)
    )
    k0 = k0 &+ 0x9E37_79B9
    k1 = k1 &+ 0xBB67_AE85
  }
  return (c0, c1, c2, c3)
}

extension SIMDKernels {
  /// y[i] ← word i of the stream as a number of [0, 1), a multiple of 2⁻²⁴.
  package static func uniform(
    _ y: UnsafeMutablePointer<Float>, count: Int, key: UInt64, stream: UInt64, _ schedule: Schedule
  ) {
    forEachQuad(count: count, key: key, stream: stream, schedule) { index, words, count in
      let values = (unit(words.0), unit(words.1), unit(words.2), unit(words.3))
      y[index] = values.0
      if count > 1 { y[index + 1] = values.1 }
      if count > 2 { y[index + 2] = values.2 }
      if count > 3 { y[index + 3] = values.3 }
    }
  }

  /// y[i] ← x[i] / keep where word i of the stream, as a number of [0, 1), is below `keep`; 0 elsewhere.
  ///
  /// The same call on the gradient is the backward.
  package static func dropout(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, keep: Float, key: UInt64, stream: UInt64,
    _ schedule: Schedule
  ) {
    let scale = 1 / keep
    forEachQuad(count: count, key: key, stream: stream, schedule) { index, words, count in
      y[index] = unit(words.0) < keep ? x[index] * scale : 0
      if count > 1 { y[index + 1] = unit(words.1) < keep ? x[index + 1] * scale : 0 }
      if count > 2 { y[index + 2] = unit(words.2) < keep ? x[index + 2] * scale : 0 }
      if count > 3 { y[index + 3] = unit(words.3) < keep ? x[index + 3] * scale : 0 }
    }
  }
}

/// The upper 24 bits of a word as a number of [0, 1).
@inline(__always)
private func unit(_ word: UInt32) -> Float { Float(Int32(truncatingIfNeeded: word >> 8)) * 0x1p-24 }

/// Calls `body` for every four elements, with the index of the first, their words, and how many elements are left.
@inline(__always)
private func forEachQuad(
  count: Int, key: UInt64, stream: UInt64, _ schedule: Schedule,
  _ body: (_ index: Int, _ words: (UInt32, UInt32, UInt32, UInt32), _ count: Int) -> Void
) {
  forEachChunk(of: (count + 3) / 4, grain: 1_024, schedule) { quads in
    for quad in quads {
      body(4 * quad, philox(key: key, stream: stream, counter: UInt64(truncatingIfNeeded: quad)), count - 4 * quad)
    }
  }
}
