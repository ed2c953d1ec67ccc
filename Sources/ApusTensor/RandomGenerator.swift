// Reproducible random numbers: each is a function of a seed, a stream and a position, not of earlier draws.
// Read first: ApusKernelsBaseline/Pointwise/Random.swift. Read next: Tensor+Random.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels
import Synchronization

/// A seeded generator of random numbers and tensors: Philox-4x32-10, with a new stream of 2⁶⁴ numbers for every draw.
///
/// Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).
public final class RandomGenerator: Sendable {
  /// The seed, which is the key of all streams.
  public let seed: UInt64
  private let next: Atomic<UInt64>

  /// Creates a generator.
  ///
  /// - Parameters:
  ///   - seed: the key of all streams.
  ///   - firstStream: the number of the stream that the first draw uses.
  public init(seed: UInt64, firstStream: UInt64 = 0) {
    self.seed = seed
    next = Atomic(firstStream)
  }

  /// The generator of the innermost `withSeed` scope; outside of all scopes, a generator seeded by the system.
  public static var current: RandomGenerator { Context.current?.generator ?? system }

  private static let system = RandomGenerator(seed: .random(in: 0 ... .max))

  /// A stream that no other draw uses; a part of a computation that is recomputed gets the streams of its first run.
  func takeStream() -> UInt64 {
    guard let streams = Context.current?.streams else { return nextStream() }
    return streams.stream(from: nextStream)
  }

  private func nextStream() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// A random integer, uniformly distributed over 0 ..< bound.
  ///
  /// - Precondition: bound > 0.
  public func integer(below bound: Int) -> Int {
    require(bound > 0, "integer(below:): bound is \(bound) (it must be positive)")
    return integers(count: 1, below: bound)[0]
  }

  /// Random integers, uniformly distributed over 0 ..< bound: random 48-bit fractions times the bound, rounded down.
  ///
  /// - Precondition: bound > 0.
  public func integers(count: Int, below bound: Int) -> [Int] {
    require(bound > 0, "integers(count:below:): bound is \(bound) (it must be positive)")
    let words = uniforms(count: 2 * count)
    return (0..<count).map { i in
      // Two draws of 24 bits make a fraction of 48 bits, which is enough for any array.
      let fraction = Double(words[2 * i]) + Double(words[2 * i + 1]) * 0x1p-24
      return min(bound - 1, Int(fraction * Double(bound)))
    }
  }

  /// Random multiples of 2⁻²⁴, uniformly distributed over [0, 1).
  public func uniforms(count: Int) -> [Float] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      drawUniforms(into: buffer)
      initialized = count
    }
  }

  /// A random multiple of 2⁻²⁴, uniformly distributed over [0, 1).
  package func uniform() -> Float {
    var number: Float = 0
    withUnsafeMutablePointer(to: &number) { drawUniforms(into: UnsafeMutableBufferPointer(start: $0, count: 1)) }
    return number
  }

  /// Fills `target` with the numbers that `uniforms(count: target.count)` would return.
  package func drawUniforms(into target: UnsafeMutableBufferPointer<Float>) {
    let stream = takeStream()
    if let base = target.baseAddress {
      Kernels.current.uniform(base, count: target.count, key: seed, stream: stream, Kernels.schedule)
    }
  }

  /// The integers 0 ..< count in random order (Fisher–Yates shuffle).
  public func permutation(count: Int) -> [Int] {
    var order = Array(0..<count)
    let fractions = uniforms(count: count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, min(i, Int(Double(fractions[i]) * Double(i + 1))))
    }
    return order
  }
}
