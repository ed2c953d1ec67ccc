// Broadcasting compared with a loop over indices, for many pairs of shapes of up to four axes.
// Read first: ApusTensor/Ops/Broadcasting.swift. Read next: ShapingTests.swift.

import ApusTensor
import ApusTesting
import Testing

@Suite struct BroadcastingTests {
  /// f at every index of the broadcast shape, computed axis by axis.
  private func naive(_ a: Tensor, _ b: Tensor, _ shape: Shape, _ f: (Float, Float) -> Float) -> [Float] {
    let (x, y) = (a.scalars, b.scalars)
    func position(_ index: [Int], _ operand: Shape) -> Int {
      var place = 0
      for axis in 0..<operand.rank {
        let own = operand[axis] == 1 ? 0 : index[axis + shape.rank - operand.rank]
        place = place * operand[axis] + own
      }
      return place
    }
    return (0..<shape.elementCount).map { flat in
      var (rest, index) = (flat, [Int](repeating: 0, count: shape.rank))
      for axis in (0..<shape.rank).reversed() {
        index[axis] = rest % shape[axis]
        rest /= shape[axis]
      }
      return f(x[position(index, a.shape)], y[position(index, b.shape)])
    }
  }

  /// All shapes made from [2, 3, 4, 5] by dropping leading axes or setting axes to 1: 31 shapes, which broadcast
  /// pairwise.
  private static let shapes: [Shape] = {
    let full = [2, 3, 4, 5]
    return (0...4).flatMap { rank -> [Shape] in
      (0..<1 << rank).map { bits -> Shape in
        let sizes: [Int] = (0..<rank).map { axis in (bits >> axis) & 1 == 1 ? full[4 - rank + axis] : 1 }
        return Shape(sizes)
      }
    }
  }()

  @Test func everyPairOfShapesUpToFourAxes() {
    #expect(BroadcastingTests.shapes.count == 31)
    for (i, aShape) in BroadcastingTests.shapes.enumerated() {
      for (j, bShape) in BroadcastingTests.shapes.enumerated() {
        let a = Samples.normal(aShape, seed: UInt64(i))
        let b = Samples.normal(bShape, seed: UInt64(100 + j))
        guard let shape = Shape.broadcast(aShape, bShape) else {
          Issue.record("\(aShape) and \(bShape) do not broadcast")
          continue
        }
        // Subtraction is not commutative, so exchanged operands would be noticed.
        let difference = a - b
        #expect(difference.shape == shape && difference.scalars == naive(a, b, shape, -), "\(aShape) − \(bShape)")
      }
    }
  }

  @Test func everyOperation() {
    let pairs: [(Shape, Shape)] = [
      ([3, 4], [3, 4]), ([3, 4], [4]), ([3, 1], [1, 4]), ([], [3, 4]), ([2, 70], [70]),
    ]
    for (aShape, bShape) in pairs {
      let (a, b) = (Samples.normal(aShape), Samples.awayFromZero(bShape, seed: 2))
      let shape = Shape.broadcast(aShape, bShape) ?? []
      #expect((a + b).scalars == naive(a, b, shape, +))
      #expect((a - b).scalars == naive(a, b, shape, -))
      #expect((a * b).scalars == naive(a, b, shape, *))
      #expect((a / b).scalars == naive(a, b, shape, /))
      #expect(maximum(a, b).scalars == naive(a, b, shape, max))
      #expect(minimum(a, b).scalars == naive(a, b, shape, min))
    }
  }

  @Test func broadcastingToAShape() {
    for shape in BroadcastingTests.shapes {
      let x = Samples.normal(shape)
      let whole = x.broadcast(to: [2, 3, 4, 5])
      #expect(whole.scalars == naive(x, .zeros([2, 3, 4, 5]), [2, 3, 4, 5]) { x, _ in x }, "\(shape)")
    }
    #expect(Tensor([7]).broadcast(to: [4]) == Tensor([7, 7, 7, 7]))
    #expect(Tensor([7], shape: [1, 1]).broadcast(to: [3, 2]) == Tensor(repeating: 7, shape: [3, 2]))
    #expect(Tensor.ones([1, 3]).broadcast(to: [0, 3]).shape == [0, 3])
  }

  @Test func numbersOnEitherSide() {
    let x = Tensor([1, 2, 4])
    #expect(x + 1 == Tensor([2, 3, 5]) && 1 + x == x + 1)
    #expect(x - 1 == Tensor([0, 1, 3]) && 1 - x == Tensor([0, -1, -3]))
    #expect(x * 3 == Tensor([3, 6, 12]) && 3 * x == x * 3)
    #expect(x / 2 == Tensor([0.5, 1, 2]) && 2 / x == Tensor([2, 1, 0.5]) && -x == Tensor([-1, -2, -4]))
  }

  @Test func nothing() {
    let empty = Tensor.zeros([0, 3])
    #expect((empty + Tensor.ones([3])).shape == [0, 3] && (empty * Tensor(2)).shape == [0, 3])
    #expect((Tensor.ones([2, 1]) - Tensor.zeros([2, 0])).shape == [2, 0])
  }
}
