// Random numbers that any worker can compute: element i is a function of a key, a stream and i.
// Read next: ApusKernelsBaseline/Pointwise/Random.swift.

/// Random numbers and dropout.
package protocol RandomKernels {
  /// y ← random numbers of [0, 1), [count], multiples of 2⁻²⁴: word i of the stream gives element i.
  static func uniform(
    _ y: UnsafeMutablePointer<Float>, count: Int, key: UInt64, stream: UInt64, _ schedule: Schedule)

  /// y ← x / keep with probability `keep`, 0 otherwise, [count]; the same call on the gradient is the backward.
  static func dropout(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int, keep: Float, key: UInt64,
    stream: UInt64, _ schedule: Schedule)
}
