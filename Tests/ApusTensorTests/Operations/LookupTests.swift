// Table lookups, matrix products, losses and cached attention: what fixtures and finite differences do not cover.
// Read first: ApusTensor/Ops/Gather.swift, MatMul.swift, CachedAttention.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct LookupTests {
  private let table = Tensor.range(count: 12).reshaped(to: [4, 3])

  @Test func gatheringRows() {
    #expect(table.gathering([2, 0, 2]) == Tensor([6, 7, 8, 0, 1, 2, 6, 7, 8], shape: [3, 3]))
    #expect(table.gathering(IndexTensor([3, 1], shape: [2, 1])) == Tensor([9, 10, 11, 3, 4, 5], shape: [2, 1, 3]))
    #expect(table.gathering(IndexTensor([1], shape: [])) == Tensor([3, 4, 5]))
    #expect(table.gathering([]).shape == [0, 3])
    // Padding changes only the gradient.
    #expect(table.gathering([1, 0], padding: 1) == table.gathering([1, 0]))
  }

  @Test func scatteringRows() {
    let rows = Tensor([1, 2, 3, 4, 5, 6], shape: [3, 2])
    #expect(rows.scatterAdded(at: [2, 0, 2], rows: 4) == Tensor([3, 4, 0, 0, 6, 8, 0, 0], shape: [4, 2]))
    #expect(rows.scatterAdded(at: [2, 0, 2], rows: 3, skipping: 2) == Tensor([3, 4, 0, 0, 0, 0], shape: [3, 2]))
    #expect(Tensor([1, 2, 4]).scatterAdded(at: [1, 1, 0], rows: 2) == Tensor([4, 3]))
    #expect(Tensor.zeros([0, 2]).scatterAdded(at: [], rows: 2) == .zeros([2, 2]))
  }

  @Test func largeScattersAddEverything() {
    let places = Samples.indices([5_000], below: 7)
    let sums = Tensor.ones([5_000, 40]).scatterAdded(at: places, rows: 7)
    for row in 0..<7 {
      let count = Float(places.indices.count { $0 == row })
      #expect(sums.slice(row..<row + 1) == Tensor(repeating: count, shape: [1, 40]))
    }
  }

  @Test func productsWithNothingInside() {
    #expect(Tensor.zeros([2, 0]).matmul(.zeros([0, 3])) == .zeros([2, 3]))
    #expect(Tensor.zeros([0, 2]).matmul(.zeros([2, 3])).shape == [0, 3])
    #expect(Tensor.zeros([0, 2, 3]).matmul(.zeros([3, 4])).shape == [0, 2, 4])
    let bias = Tensor([1, 2, 3])
    #expect(linear(.zeros([2, 0]), weight: .zeros([3, 0]), bias: bias) == bias.broadcast(to: [2, 3]))
  }

  @Test func productsAgreeWithTheirTransposes() {
    // The same product on the packed, unpacked, matrix–vector and batched paths of the kernel.
    for (m, n, k) in [(1, 1, 1), (1, 40, 30), (40, 1, 30), (5, 7, 3), (64, 48, 32), (130, 70, 90)] {
      let (a, b) = (Samples.normal([m, k]), Samples.normal([k, n], seed: 2))
      let (x, y) = (a.scalars, b.scalars)
      let expected = Tensor(
        (0..<m * n).map { place in
          Float((0..<k).reduce(0.0) { $0 + Double(x[place / n * k + $1]) * Double(y[$1 * n + place % n]) })
        }, shape: [m, n])
      let products = [
        a.matmul(b), a.transposed().matmul(b, transposing: .first), a.matmul(b.transposed(), transposing: .second),
        linear(a, weight: b.transposed()), a.reshaped(to: [1, m, k]).matmul(b).reshaped(to: [m, n]),
        b.matmul(a.transposed().reshaped(to: [1, k, m]), transposing: .first).transposed().reshaped(to: [m, n]),
      ]
      for (way, product) in products.enumerated() {
        let comparison = Comparison(product, expected, absolute: 1e-6, relativeToLargest: 1e-6)
        #expect(comparison.isClose, "way \(way): \(comparison)")
      }
    }
  }

  @Test func theMeanOverNoTargetsIsNotANumber() {
    #expect(crossEntropy(.ones([2, 3]), [-100, -100]).scalar.isNaN)
    #expect(crossEntropy(.ones([2, 3]), [-100, -100], reduction: .sum).scalar == 0)
    let losses = crossEntropy(.zeros([2, 3]), [1, -100], reduction: .none)
    #expect(Comparison(losses, Tensor([1.0986123, 0]), absolute: 1e-6).isClose)
  }

  @Test func extremeLogits() {
    let logits = Tensor([1_000, 0, -1_000, 0, 0, .zero], shape: [2, 3])
    #expect(crossEntropy(logits, [0, 2], reduction: .none).scalars[0] == 0)
    #expect(crossEntropy(logits, [2, 2], reduction: .none).scalars[0] == 2_000)
    let hidden = Tensor([-.infinity, -.infinity, 1, -.infinity], shape: [2, 2])
    #expect(hidden.softmax() == Tensor([0, 0, 1, 0], shape: [2, 2]))
  }

  @Test func cachedAttentionIsCausalAttentionPieceByPiece() {
    let projection = Samples.normal([2, 7, 18])
    let whole = selfAttention(projection, heads: 2)
    for pieces in [[7], [1, 1, 1, 1, 1, 1, 1], [3, 1, 2, 1]] {
      var cache = CachedKeysAndValues(batch: 2, capacity: 9, width: 6)
      var start = 0
      for piece in pieces {
        let range = start..<start + piece
        let part = cache.appendAndAttend(projection.slice(range, along: 1), heads: 2)
        let comparison = Comparison(part, whole.slice(range, along: 1), absolute: 1e-6)
        #expect(comparison.isClose, "\(pieces) at \(start): \(comparison)")
        start += piece
      }
      #expect(cache.count == 7)
      // Truncating the cache and continuing gives the same result.
      cache.truncate(to: 4)
      let again = cache.appendAndAttend(projection.slice(4..<6, along: 1), heads: 2)
      #expect(Comparison(again, whole.slice(4..<6, along: 1), absolute: 1e-6).isClose)
    }
  }

  /// Memory after the last position may contain anything (here the values of earlier tensors), and of a bias that is
  /// wider than the cached keys, the extra columns are not read.
  @Test func whatIsBehindTheCachedPositionsDoesNotMatter() {
    let projection = Samples.normal([2, 8, 18])
    let bias = Samples.normal([2, 1, 40], seed: 5)
    var results: [Tensor] = []
    for _ in 0..<2 {
      var wide = CachedKeysAndValues(batch: 2, capacity: 40, width: 6)
      var exact = CachedKeysAndValues(batch: 2, capacity: 41, width: 6)
      for range in [0..<5, 5..<6, 6..<8] {
        let part = projection.slice(range, along: 1)
        let seen = bias.slice(0..<range.upperBound, along: 2)
        let whole = wide.appendAndAttend(part, heads: 2, bias: bias)
        results.append(whole)
        #expect(exact.appendAndAttend(part, heads: 2, bias: seen) == whole)
      }
      // Blocks of the caches' size, filled with values that would spoil every sum.
      _ = (0..<8).map { _ in Tensor(repeating: .nan, shape: [2, 40, 6]) }
    }
    #expect(results[..<3].elementsEqual(results[3...]))
    #expect(results.allSatisfy { !$0.sum().scalar.isNaN })
  }

  /// Products with broadcast leading axes, in any pattern, equal the products of the expanded operands.
  @Test func productsOfBroadcastMatrices() {
    let pairs: [([Int], [Int])] = [
      ([2], []), ([], [2]), ([2, 1], [3]), ([1, 3], [2, 1]), ([2, 3], [3]), ([2, 3], [2, 1]), ([4, 1, 2], [3, 1]),
      ([2, 1, 3], [1, 4, 1]), ([1], [1]), ([2, 3, 2], [2, 1, 2]),
    ]
    for (a, b) in pairs {
      for side in [nil, .first, .second] as [Side?] {
        let x = Samples.normal(Shape(a + (side == .first ? [5, 3] : [3, 5])), seed: 1)
        let y = Samples.normal(Shape(b + (side == .second ? [4, 5] : [5, 4])), seed: 2)
        let product = x.matmul(y, transposing: side)
        let batch = Array(product.shape.dropLast(2))
        func whole(_ t: Tensor) -> Tensor {
          let sizes = Array(t.shape)
          let ones = Array(repeating: 1, count: batch.count + 2 - sizes.count)
          return t.reshaped(to: Shape(ones + sizes)).broadcast(to: Shape(batch + sizes.suffix(2)))
        }
        let expected = whole(x).matmul(whole(y), transposing: side)
        #expect(Comparison(product, expected, absolute: 1e-5).isClose, "\(a) · \(b)")
      }
    }
  }

  /// A key that is not allowed has no effect, whatever its values; other positive numbers are weights.
  @Test func keysThatAreNotAllowed() {
    let (q, kv) = (Samples.normal([2, 3, 3, 4], seed: 1), Samples.normal([2, 3, 5, 4], seed: 2))
    let mask = AttentionMask(allowed: Tensor([0, 1, 1, 0, 1], shape: [5]))
    let rest = concatenated([kv.slice(1..<3, along: 2), kv.slice(4..<5, along: 2)], along: 2)
    let seen = scaledDotProductAttention(query: q, key: kv, value: kv, mask: mask)
    let alone = scaledDotProductAttention(query: q, key: rest, value: rest)
    #expect(Comparison(seen, alone, absolute: 1e-6).isClose)
    // Masks for all queries, for each query, and for each sequence, head and query.
    let row = Tensor([1, 0, 1, 1, 0], shape: [5])
    let expected = scaledDotProductAttention(query: q, key: kv, value: kv, mask: AttentionMask(allowed: row))
    for shape in [[3, 5], [3, 1, 5], [2, 1, 1, 5], [2, 3, 3, 5]] as [Shape] {
      let mask = AttentionMask(allowed: row.broadcast(to: shape))
      #expect(scaledDotProductAttention(query: q, key: kv, value: kv, mask: mask) == expected)
    }
    let twice = concatenated([kv, kv.slice(0..<1, along: 2)], along: 2)
    let weighted = scaledDotProductAttention(
      query: q, key: kv, value: kv, mask: AttentionMask(allowed: Tensor([2, 1, 1, 1, 1], shape: [5])))
    #expect(Comparison(weighted, scaledDotProductAttention(query: q, key: twice, value: twice), absolute: 1e-6).isClose)
  }

  @Test func queriesThatSeeNothingGetZeros() {
    let x = Samples.normal([1, 1, 3, 4])
    let y = scaledDotProductAttention(query: x, key: x, value: x, mask: AttentionMask(causalOffset: -2))
    #expect(y.slice(0..<2, along: 2) == .zeros([1, 1, 2, 4]) && y.slice(2..<3, along: 2) == x.slice(0..<1, along: 2))
    // With leading padding and a causal mask, the padding's queries have no visible keys.
    let mask = AttentionMask(causalOffset: 0, allowed: Tensor([0, 0, 1], shape: [3]))
    #expect(
      scaledDotProductAttention(query: x, key: x, value: x, mask: mask).slice(0..<2, along: 2).scalars.allSatisfy {
        $0 == 0
      })
  }
}
