// Reproducible randomness: numbers are a function of a seed, a stream and a position, not of what was drawn before.
// Read first: ApusKernelsBaseline/Pointwise/Random.swift. Read next: Tensor+Random.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels
import Synchronization

/// A source of random tensors: Philox-4x32-10 under a seed; every draw takes the next stream of 2⁶⁴ numbers.
///
/// Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3 (SC 2011).
public final class RandomGenerator: Sendable {
  /// The key of all streams.
  public let seed: UInt64
  private let next: Atomic<UInt64>

  /// - Parameter firstStream: the number of the first draw's stream.
  public init(seed: UInt64, firstStream: UInt64 = 0) {
    self.seed = seed
    next = Atomic(firstStream)
  }

  /// The generator of the innermost `withSeed`, or one seeded by the system.
  public static var current: RandomGenerator { Context.current?.generator ?? system }

  private static let system = RandomGenerator(seed: .random(in: 0 ... .max))

  /// The number of a stream that nobody else draws from; when a part of a computation runs again, the one that it drew before.
  func takeStream() -> UInt64 {
    guard let streams = Context.current?.streams else { return nextStream() }
    return streams.stream(from: nextStream)
  }

  private func nextStream() -> UInt64 { next.wrappingAdd(1, ordering: .relaxed).oldValue }

  /// A whole number from 0 to bound − 1, evenly distributed.
  public func integer(below bound: Int) -> Int {
    require(bound > 0, "integer(below:): a bound of \(bound)")
    return integers(count: 1, below: bound)[0]
  }

  /// Whole numbers from 0 to bound − 1, evenly distributed (by the high bits of a 64-bit product).
  public func integers(count: Int, below bound: Int) -> [Int] {
    require(bound > 0, "integers(below:): a bound of \(bound)")
    let words = uniforms(count: 2 * count)
    return (0..<count).map { i in
      // Two draws of 24 bits make 48: enough for any array.
      let fraction = Double(words[2 * i]) + Double(words[2 * i + 1]) * 0x1p-24
      return min(bound - 1, Int(fraction * Double(bound)))
    }
  }

  /// Numbers in [0, 1), multiples of 2⁻²⁴.
  public func uniforms(count: Int) -> [Float] {
    Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      drawUniforms(into: buffer)
      initialized = count
    }
  }

  /// One such number.
  package func uniform() -> Float {
    var number: Float = 0
    withUnsafeMutablePointer(to: &number) { drawUniforms(into: UnsafeMutableBufferPointer(start: $0, count: 1)) }
    return number
  }

  /// Fills memory with such numbers: as many of `uniforms(count:)`.
  package func drawUniforms(into target: UnsafeMutableBufferPointer<Float>) {
    let stream = takeStream()
    if let base = target.baseAddress {
      Kernels.current.uniform(base, count: target.count, key: seed, stream: stream, Kernels.schedule)
    }
  }

  /// 0 ..< count in random order (Fisher and Yates).
  public func permutation(count: Int) -> [Int] {
    var order = Array(0..<count)
    let fractions = uniforms(count: count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, min(i, Int(Double(fractions[i]) * Double(i + 1))))
    }
    return order
  }
}
