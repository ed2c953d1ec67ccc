// Shapes: the collection of sizes, strides, and the rules of broadcasting. Read next: BroadcastingTests.swift.

import ApusTensor
import Testing

@Suite struct ShapeTests {
  @Test func aShapeIsACollectionOfSizes() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.rank == 3 && shape.count == 3 && Array(shape) == [2, 3, 4] && shape.last == 4)
    #expect(shape.elementCount == 24 && shape.strides == [12, 4, 1] && shape.description == "[2, 3, 4]")
    #expect(Shape([]).elementCount == 1 && Shape([]).strides == [] && Shape([]).description == "[]")
    #expect(Shape([3, 0, 2]).elementCount == 0)
    #expect(Shape([2, 3].lazy.map { $0 * 2 }) == [4, 6])
  }

  @Test func eightAxesAreKept() {
    var shape: Shape = []
    for size in 1...8 { shape.append(size) }
    #expect(Array(shape) == Array(1...8) && shape.elementCount == 40_320)
    shape[6] = 1
    shape[1] = 5
    #expect(Array(shape) == [1, 5, 3, 4, 5, 6, 1, 8])
  }

  @Test func equalityLooksAtRankAndSizes() {
    #expect(Shape([2, 3]) == [2, 3] && Shape([2, 3]) != [3, 2])
    #expect(Shape([]) != [1] && Shape([2]) != [2, 1] && Shape([1, 2]) != [2])
    #expect(Set<Shape>([[2], [2, 1], [2], [1, 2]]).count == 3)
  }

  @Test func negativeAxesCountFromTheBack() {
    let shape: Shape = [2, 3, 4]
    #expect((-3..<3).map { shape.normalized(axis: $0) } == [0, 1, 2, 0, 1, 2])
  }

  @Test func reducedShapes() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.reduced(along: [1], keepingDimensions: false) == [2, 4])
    #expect(shape.reduced(along: [0, 2], keepingDimensions: true) == [1, 3, 1])
    #expect(shape.reduced(along: [0, 1, 2], keepingDimensions: false) == [])
    #expect(shape.reduced(along: [], keepingDimensions: false) == shape)
  }

  @Test func broadcastShapes() {
    #expect(Shape.broadcast([2, 3], [2, 3]) == [2, 3])
    #expect(Shape.broadcast([2, 3], [3]) == [2, 3])
    #expect(Shape.broadcast([4, 1, 3], [2, 1]) == [4, 2, 3])
    #expect(Shape.broadcast([], [5]) == [5] && Shape.broadcast([], []) == [])
    #expect(Shape.broadcast([0, 3], [1, 3]) == [0, 3] && Shape.broadcast([2, 1], [2, 0]) == [2, 0])
    #expect(Shape.broadcast([2, 3], [2]) == nil && Shape.broadcast([0], [2]) == nil)
    #expect(Shape.broadcast([2, 3, 4], [3, 3, 4]) == nil)
  }
}
