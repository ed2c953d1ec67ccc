// Integer tensors. Read first: ApusTensor/IndexTensor.swift.

import ApusTensor
import Testing

@Suite struct IndexTensorTests {
  @Test func indexTensorsFromNumbers() {
    let matrix = IndexTensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(matrix.shape == [2, 3] && matrix.count == 6 && matrix.indices == [1, 2, 3, 4, 5, 6])
    let literal: IndexTensor = [3, -1]
    #expect(literal.shape == [2] && literal.indices == [3, -1])
    #expect(IndexTensor([UInt8(200), 7].lazy.map { $0 }) == [200, 7])
    #expect(IndexTensor.range(2..<5) == [2, 3, 4] && IndexTensor.range(0..<0).count == 0)
    #expect(IndexTensor([9], shape: []).count == 1)
  }

  @Test func shapesArePartOfTheValue() {
    let vector: IndexTensor = [1, 2, 3, 4]
    let matrix = vector.reshaped(to: [2, 2])
    #expect(matrix != vector && matrix.indices == vector.indices && matrix.reshaped(to: [4]) == vector)
    #expect(Set([vector, matrix, [1, 2, 3, 4]]).count == 2)
  }

  @Test func overwriting() {
    var places: IndexTensor = [1, 2, 3, 4]
    let copy = places
    places.overwrite(as: [2, 2]) { target in
      for index in 0..<4 { target[index] = Int32(10 * index) }
    }
    #expect(places == IndexTensor([0, 10, 20, 30], shape: [2, 2]) && copy == [1, 2, 3, 4])
    Tensor([3, 1, 4, 1, 5, 9], shape: [3, 2]).argMax(into: &places)
    #expect(places == [0, 0, 1])
    places.overwrite(as: [0]) { _ in }
    #expect(places.count == 0 && places.shape == [0])
  }

  @Test func descriptions() {
    #expect(IndexTensor([1, 2], shape: [2, 1]).description == "IndexTensor([1, 2], shape: [2, 1])")
    #expect(IndexTensor.range(0..<20).description.hasSuffix("14, 15]…, shape: [20])"))
  }
}
