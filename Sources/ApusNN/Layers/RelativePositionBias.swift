// A learned bias of attention scores for each head and each distance. Read first: Positions.swift.
// Read next: ApusLanguage/T5/T5Stack.swift.

import ApusBase
public import ApusTensor
import Foundation

/// A bias added to attention scores that depends only on the distance from query to key (Raffel et al., arXiv:1910.10683,
/// section 2.1).
///
/// Distances are grouped into buckets, and each bucket has one bias per head. In each direction, half of the buckets hold a
/// single distance; the ranges of the others grow geometrically up to `maximumDistance`, and all longer distances share the
/// last bucket.
///
/// ```
///   distance   0  1  2  3  4  5  6  7  8 … 11  12 … 15  16 … 22  …      8 exact buckets, then wider and wider ones
/// ```
public final class RelativePositionBias: Module {
  /// [buckets, heads]
  @Parameter public var weight: Tensor
  /// Whether keys after the query have buckets of their own; otherwise they share the bucket of distance 0.
  public let isBidirectional: Bool
  /// Distances from here on share a bucket.
  public let maximumDistance: Int
  /// The buckets of the first distances in one direction, which are looked up for each key of each token.
  private let firstBuckets: [Int]
  private static let mostFirstBuckets = 1_024

  /// - Parameters:
  ///   - heads: the number of attention heads.
  ///   - buckets: the number of buckets; even if bidirectional.
  ///   - maximumDistance: distances from here on share a bucket.
  ///   - isBidirectional: whether keys after the query have buckets of their own.
  ///   - initializer: by default normal with standard deviation 1.
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
    // The bucket of each distance is looked up once, from the last query and key 0 to the first query and the last key.
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

  /// The same biases as a constant, for decoding: computed in one pass, without intermediate tensors.
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

  /// The bucket of the position of a key minus that of the query.
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
    // In Float, as the models were trained: at the edges of buckets, rounding decides.
    let growth = log(Float(distance) / Float(exact)) / Float(log(Double(maximumDistance) / Double(exact)))
    return min(buckets - 1, exact + Int(growth * Float(buckets - exact)))
  }
}
