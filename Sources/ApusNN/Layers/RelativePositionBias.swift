// A learned number for every head and distance, added to attention's scores. Read next: ApusModels/T5/T5.swift.

import ApusBase
public import ApusTensor
import Foundation

/// A bias of attention scores that depends on the distance from query to key only (Raffel et al., arXiv:1910.10683,
/// section 2.1).
///
/// Distances share numbers in buckets: half of them (of each direction) hold one distance each, the others grow
/// geometrically up to `maximumDistance`; whatever is farther shares the last one.
///
/// ```
///   distance   0  1  2  3  4  5  6  7  8 … 11  12 … 15  16 … 22  …      8 exact buckets, then ever wider ones
/// ```
public final class RelativePositionBias: Module {
  /// [buckets, heads]
  @Parameter public var weight: Tensor
  /// Whether keys behind the query have buckets of their own; otherwise they share that of distance 0.
  public let isBidirectional: Bool
  /// From here on all distances are one.
  public let maximumDistance: Int
  /// The buckets of one direction, for the first distances from 0 on: looked up for every key of every token.
  private let firstBuckets: [Int]
  private static let mostFirstBuckets = 1_024

  /// - Parameters:
  ///   - buckets: an even number if bidirectional.
  /// - Precondition: at least two buckets in each direction.
  public init(
    heads: Int, buckets: Int = 32, maximumDistance: Int = 128, isBidirectional: Bool,
    initializer: Initializer = .normal(standardDeviation: 1)
  ) {
    let oneWay = isBidirectional ? buckets / 2 : buckets
    require(
      oneWay >= 2 && maximumDistance > oneWay / 2,
      "RelativePositionBias: \(buckets) buckets up to distance \(maximumDistance) (too few for logarithmic ones)")
    weight = initializer([buckets, heads])
    (self.isBidirectional, self.maximumDistance) = (isBidirectional, maximumDistance)
    firstBuckets = (0..<min(maximumDistance, RelativePositionBias.mostFirstBuckets)).map {
      RelativePositionBias.bucket(of: $0, among: oneWay, upTo: maximumDistance)
    }
  }

  /// The biases of queries at positions `start ..< start + queries` to keys at positions `0 ..< keys`.
  ///
  /// - Returns: [heads, queries, keys], to be the `bias` of an `AttentionMask`.
  public func callAsFunction(queries: Int, keys: Int, from start: Int = 0) -> Tensor {
    // One look-up of the bucket for each distance, from the last query's to key 0 to the first query's to the last key.
    let nearest = -(start + queries - 1)
    let count = weight.shape[0]
    let buckets = (nearest...max(nearest, keys - 1 - start)).map { Int32(bucket(ofDistance: $0, among: count)) }
    var indices: [Int32] = []
    indices.reserveCapacity(queries * keys)
    for query in start..<start + queries {
      for key in 0..<keys { indices.append(buckets[key - query - nearest]) }
    }
    return weight.gathering(IndexTensor(indices, shape: [queries, keys])).permuted([2, 0, 1])
  }

  /// The same biases as a constant, for a decoder that writes: made in one pass, in memory of one size.
  ///
  /// - Returns: [heads, queries, keys]
  package func constant(queries: Int, keys: Int, from start: Int) -> Tensor {
    let weight = weight
    let (buckets, heads) = (weight.shape[0], weight.shape[1])
    return Tensor(uninitialized: [heads, queries, keys]) { target in
      weight.withUnsafePointer { weight in
        for query in 0..<queries {
          for key in 0..<keys {
            let row = weight + bucket(ofDistance: key - start - query, among: buckets) * heads
            for head in 0..<heads { target[(head * queries + query) * keys + key] = row[head] }
          }
        }
      }
    }
  }

  /// The bucket of a key's position minus the query's.
  func bucket(ofDistance distance: Int) -> Int { bucket(ofDistance: distance, among: weight.shape[0]) }

  private func bucket(ofDistance distance: Int, among buckets: Int) -> Int {
    let oneWay = isBidirectional ? buckets / 2 : buckets
    let first = isBidirectional && distance > 0 ? oneWay : 0
    let distance = isBidirectional ? abs(distance) : max(0, -distance)
    if distance < firstBuckets.count { return first + firstBuckets[distance] }
    return first + RelativePositionBias.bucket(of: distance, among: oneWay, upTo: maximumDistance)
  }

  private static func bucket(of distance: Int, among buckets: Int, upTo maximumDistance: Int) -> Int {
    let exact = buckets / 2
    if distance < exact { return distance }
    // In Float, as the models were trained: at the buckets' edges rounding decides.
    let growth = log(Float(distance) / Float(exact)) / Float(log(Double(maximumDistance) / Double(exact)))
    return min(buckets - 1, exact + Int(growth * Float(buckets - exact)))
  }
}
