// A learned number for every head and distance, added to attention's scores. Read next: ApusModels/T5/T5.swift.

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
  }

  /// The biases of queries at positions `start ..< start + queries` to keys at positions `0 ..< keys`.
  ///
  /// - Returns: [heads, queries, keys], to be the `bias` of an `AttentionMask`.
  public func callAsFunction(queries: Int, keys: Int, from start: Int = 0) -> Tensor {
    // One look-up of the bucket for each distance, from the last query's to key 0 to the first query's to the last key.
    let nearest = -(start + queries - 1)
    let buckets = (nearest...max(nearest, keys - 1 - start)).map { Int32(bucket(ofDistance: $0)) }
    var indices: [Int32] = []
    indices.reserveCapacity(queries * keys)
    for query in start..<start + queries {
      for key in 0..<keys { indices.append(buckets[key - query - nearest]) }
    }
    return weight.gathering(IndexTensor(indices, shape: [queries, keys])).permuted([2, 0, 1])
  }

  /// The bucket of a key's position minus the query's.
  func bucket(ofDistance distance: Int) -> Int {
    let buckets = isBidirectional ? weight.shape[0] / 2 : weight.shape[0]
    let first = isBidirectional && distance > 0 ? buckets : 0
    let distance = isBidirectional ? abs(distance) : max(0, -distance)
    let exact = buckets / 2
    if distance < exact { return first + distance }
    // In Float, as the models were trained: at the buckets' edges rounding decides.
    let growth = log(Float(distance) / Float(exact)) / Float(log(Double(maximumDistance) / Double(exact)))
    return first + min(buckets - 1, exact + Int(growth * Float(buckets - exact)))
  }
}
