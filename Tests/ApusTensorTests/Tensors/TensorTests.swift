// The tensor as a value: creation, reading, printing, equality, copy-on-write. Read first: ApusTensor/Tensor.swift.

import ApusTesting
import Testing

@testable import ApusTensor

@Suite struct TensorTests {
  @Test func tensorsFromNumbers() {
    let matrix = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    #expect(matrix.shape == [2, 3] && matrix.rank == 2 && matrix.elementCount == 6)
    #expect(matrix.scalars == [1, 2, 3, 4, 5, 6] && matrix[scalarAt: 1, 0] == 4 && matrix[scalarAt: 0, 2] == 3)
    #expect(Tensor([1, 2]).shape == [2] && Tensor(7).shape == [] && Tensor(7).scalar == 7)
    #expect(Tensor([[9]].flatMap { $0 }, shape: [1, 1]).scalar == 9)
    #expect(Tensor.zeros([2, 2]).scalars == [0, 0, 0, 0] && Tensor.ones([3]).scalars == [1, 1, 1])
    #expect(Tensor(repeating: 2.5, shape: [2]).scalars == [2.5, 2.5])
    #expect(Tensor.range(count: 4).scalars == [0, 1, 2, 3])
    #expect(Tensor.range(from: 1, step: -0.5, count: 3).scalars == [1, 0.5, 0])
    #expect(Tensor(uninitialized: [2]) { ($0[0], $0[1]) = (3, 4) }.scalars == [3, 4])
  }

  @Test func emptyTensors() {
    let empty = Tensor([], shape: [0, 3])
    #expect(empty.elementCount == 0 && empty.scalars == [] && empty.description == "[] (shape [0, 3])")
    #expect(empty == .zeros([0, 3]) && empty != .zeros([3, 0]))
    #expect(Tensor.range(count: 0).shape == [0])
  }

  @Test func elementsAreAligned() {
    for count in [1, 3, 17, 1_000] {
      let address = Tensor.zeros([count]).withUnsafePointer { UInt(bitPattern: $0) }
      #expect(address % 64 == 0)
    }
  }

  @Test func descriptions() {
    #expect(Tensor(1.5).description == "1.5")
    #expect(Tensor([1, 2]).description == "[1.0, 2.0]")
    #expect(Tensor([1, 2, 3, 4], shape: [2, 2]).description == "[[1.0, 2.0],\n [3.0, 4.0]]")
    #expect(Tensor.range(count: 4).reshaped(to: [2, 1, 2]).description == "[[[0.0, 1.0]],\n [[2.0, 3.0]]]")
    #expect(Tensor.range(count: 8).description == "[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]")
    #expect(Tensor.range(count: 9).description == "[0.0, 1.0, 2.0, …, 6.0, 7.0, 8.0]")
    let long = Tensor.range(count: 20).reshaped(to: [10, 2])
    #expect(long.description.hasPrefix("[[0.0, 1.0],\n [2.0, 3.0],\n [4.0, 5.0],\n …,\n [14.0, 15.0],"))
    #expect(long.slice(8..<10).description == "[[16.0, 17.0],\n [18.0, 19.0]]")
  }

  @Test func equality() {
    let x = Tensor([1, 2, 3])
    #expect(x == Tensor([1, 2, 3]) && x != Tensor([1, 2, 4]) && x != Tensor([1, 2]))
    #expect(x != x.reshaped(to: [1, 3]) && Tensor([0]) == Tensor([-0.0]) && Tensor([.nan]) != Tensor([.nan]))
    #expect(Tensor.range(count: 6).slice(2..<4) == Tensor([2, 3]))
  }

  @Test func copiesAreIndependent() {
    let original = Tensor([1, 2, 3])
    var copy = original
    #expect(copy.storage === original.storage)
    copy.withUnsafeMutablePointer { $0[1] = 20 }
    #expect(original == Tensor([1, 2, 3]) && copy == Tensor([1, 20, 3]) && copy.storage !== original.storage)
  }

  @Test func tensorsThatAreNotSharedAreChangedInPlace() {
    var x = Tensor([1, 2, 3])
    let before = x.withUnsafePointer { $0 }
    x.withUnsafeMutablePointer {
      #expect(UnsafePointer($0) == before)
      $0[0] = 5
    }
    x += Tensor([1, 1, 1])
    x -= Tensor([0, 0, 2])
    #expect(x.withUnsafePointer { $0 } == before && x == Tensor([6, 3, 2]))
  }

  @Test func addingInPlaceLeavesCopiesAlone() {
    let original = Tensor([1, 2])
    var sum = original
    sum += sum
    #expect(sum == Tensor([2, 4]) && original == Tensor([1, 2]))
    sum -= original
    sum -= Tensor([1])
    sum += Tensor(10)
    #expect(sum == Tensor([10, 11]))
    var grown = Tensor([1, 2])
    grown += Tensor([10, 20], shape: [2, 1])
    #expect(grown == Tensor([11, 12, 21, 22], shape: [2, 2]))
  }

  @Test func leadingSlicesAreViews() {
    let table = Tensor.range(count: 12).reshaped(to: [4, 3])
    let rows = table.slice(1..<3)
    #expect(rows.storage === table.storage && rows == Tensor([3, 4, 5, 6, 7, 8], shape: [2, 3]))
    let row = rows.slice(1..<2)
    #expect(row.storage === table.storage && row == Tensor([6, 7, 8], shape: [1, 3]) && row[scalarAt: 0, 1] == 7)
    var changed = rows
    changed.withUnsafeMutablePointer { $0[0] = -1 }
    #expect(changed.scalars == [-1, 4, 5, 6, 7, 8] && table[scalarAt: 1, 0] == 3 && rows[scalarAt: 0, 0] == 3)
  }

  @Test func aSliceThatOutlivesItsSourceIsChangedInPlace() {
    var slice = Tensor.range(count: 6).slice(2..<5)
    let before = slice.withUnsafePointer { $0 }
    slice.withUnsafeMutablePointer { $0[2] = 40 }
    #expect(slice == Tensor([2, 3, 40]) && slice.withUnsafePointer { $0 } == before)
  }

  @Test func borrowedMemoryIsNeverWritten() {
    final class Owner {
      let memory = UnsafeMutablePointer<Float>.allocate(capacity: 3)
      init() { memory.update(repeating: 1, count: 3) }
      deinit { memory.deallocate() }
    }
    weak var owner: Owner?
    do {
      let strong = Owner()
      owner = strong
      var tensor = Tensor(borrowing: strong.memory, shape: [3], from: strong)
      let memory = strong.memory
      #expect(tensor == .ones([3]) && tensor.withUnsafePointer { $0 } == UnsafePointer(memory))
      tensor.withUnsafeMutablePointer { $0[0] = 5 }
      var sum = Tensor(borrowing: memory, shape: [3], from: strong)
      sum += .ones([3])
      #expect(memory[0] == 1 && tensor == Tensor([5, 1, 1]) && sum == Tensor([2, 2, 2]))
    }
    #expect(owner == nil)
  }

  @Test func memoryIsRecycled() {
    // Sizes that nothing else in this process allocates at the same time.
    var tensor = Tensor.zeros([777_777])
    let first = tensor.withUnsafePointer { $0 }
    tensor = Tensor(0)
    var addresses = Set<UnsafePointer<Float>>()
    for _ in 0..<50 { addresses.insert(Tensor.zeros([777_777]).withUnsafePointer { $0 }) }
    #expect(addresses.contains(first) && addresses.count < 10 && tensor.elementCount == 1)
  }
}
