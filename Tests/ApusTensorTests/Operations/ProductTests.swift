// Products of column views and with prepacked weights: the same bits as with copies, and never stale.

import ApusTensor
import Testing

@Suite struct ProductTests {
  private static func numbers(_ shape: Shape, seed: UInt64) -> Tensor {
    withSeed(seed) { Tensor.randomNormal(shape) }
  }

  @Test func columnsAreReadWhereTheyLie() {
    // Odd strides; one row and one column (matrix–vector products), few rows, blocks.
    for (m, k, n) in [(1, 5, 3), (4, 7, 1), (3, 33, 20), (70, 65, 129)] {
      let (wide, other) = (Self.numbers([m, k + 4], seed: 1), Self.numbers([k, n + 3], seed: 2))
      let (tall, rows) = (Self.numbers([k, m + 6], seed: 3), Self.numbers([n, k + 5], seed: 4))
      let (a, b) = (wide.slice(3..<3 + k, along: 1), other.slice(2..<2 + n, along: 1))
      #expect(wide.columns(3..<3 + k).matmul(b).scalars == a.matmul(b).scalars)
      #expect(a.matmul(other.columns(2..<2 + n)).scalars == a.matmul(b).scalars)
      #expect(wide.columns(3..<3 + k).matmul(other.columns(2..<2 + n)).scalars == a.matmul(b).scalars)
      let transposed = tall.slice(1..<1 + m, along: 1)
      #expect(
        tall.columns(1..<1 + m).matmul(b, transposing: .first).scalars
          == transposed.matmul(b, transposing: .first).scalars)
      let right = rows.slice(5..<5 + k, along: 1)
      #expect(
        wide.columns(3..<3 + k).matmul(rows.columns(5..<5 + k), transposing: .second).scalars
          == a.matmul(right, transposing: .second).scalars)
    }
  }

  @Test func columnsOfBatches() {
    let projection = Self.numbers([2, 3, 5, 24], seed: 5)
    let (q, k) = (projection.slice(0..<8, along: -1), projection.slice(8..<16, along: -1))
    let scores = projection.columns(0..<8).matmul(projection.columns(8..<16), transposing: .second)
    #expect(scores.shape == [2, 3, 5, 5])
    #expect(scores.scalars == q.matmul(k, transposing: .second).scalars)
    // One matrix shared by the batch: the stacked rows keep their stride.
    let weight = Self.numbers([8, 7], seed: 6)
    #expect(projection.columns(8..<16).matmul(weight).scalars == k.matmul(weight).scalars)
    // A left operand that is repeated along the batch.
    let one = Self.numbers([1, 5, 9], seed: 7)
    #expect(
      one.columns(2..<7).matmul(projection.columns(1..<4)).scalars
        == one.slice(2..<7, along: 2).matmul(projection.slice(1..<4, along: 3)).scalars)
  }

  @Test func prepackedWeightsGiveTheSameBits() {
    for (rows, out, inputs) in [(1, 50, 31), (16, 50, 31), (17, 130, 65), (40, 97, 600)] {
      let (x, weight, bias) = (
        Self.numbers([rows, inputs], seed: 1), Self.numbers([out, inputs], seed: 2), Self.numbers([out], seed: 3)
      )
      let packed = weight.prepacked()
      #expect(packed.isPrepacked && !weight.isPrepacked && packed.scalars == weight.scalars)
      #expect(
        linear(x, weight: packed, bias: bias, activation: .gelu).scalars
          == linear(x, weight: weight, bias: bias, activation: .gelu).scalars)
      #expect(
        x.matmul(packed, transposing: .second).scalars == x.matmul(weight, transposing: .second).scalars)
      // As any other operand, the weight is read as it is.
      #expect(packed.matmul(x, transposing: .second).scalars == weight.matmul(x, transposing: .second).scalars)
      // Slices of rows that begin at a panel boundary, and that do not.
      for range in [0..<48, 48..<out, 0..<out, 5..<40] where range.lowerBound <= out && range.upperBound <= out {
        #expect(
          linear(x, weight: packed.slice(range)).scalars == linear(x, weight: weight.slice(range)).scalars)
      }
      // The gradients are the same, too.
      func gradients(_ weight: Tensor) -> [[Float]] {
        let (_, pullback) = valueWithPullback(at: [x, weight]) { linear($0[0], weight: $0[1].prepacked()) }
        return pullback(Self.numbers([rows, out], seed: 4)).map(\.scalars)
      }
      #expect(gradients(packed) == gradients(weight))
    }
  }

  /// A tensor that is modified in place is no longer packed, neither the original nor the copy.
  @Test func packedCopiesCannotBecomeStale() {
    let x = Self.numbers([20, 9], seed: 1)
    var source = Self.numbers([50, 9], seed: 2)
    var packed = source.prepacked()
    let before = linear(x, weight: packed).scalars
    source.withUnsafeMutablePointer { $0[4] += 1 }
    #expect(linear(x, weight: packed).scalars == before)
    #expect(linear(x, weight: source).scalars != before)
    packed.withUnsafeMutablePointer { $0[4] += 1 }
    #expect(!packed.isPrepacked)
    #expect(linear(x, weight: packed).scalars == linear(x, weight: source).scalars)
    #expect(!(packed.prepacked() + 0).isPrepacked)
  }
}
