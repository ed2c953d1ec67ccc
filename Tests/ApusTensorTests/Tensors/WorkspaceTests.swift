// Steps in a workspace: the same results in the same memory, and memory that is still in use is left alone.
// Read first: ApusTensor/Workspace.swift.

import Foundation
import Testing

@testable import ApusTensor

@Suite struct WorkspaceTests {
  /// Some operations with intermediate results of several sizes.
  private static func step(_ x: Tensor) -> Tensor {
    let hidden = linear(x, weight: .ones([12, 6]), bias: .range(count: 12), activation: .gelu)
    let normalized = layerNorm(hidden + hidden, weight: .ones([12]))
    return normalized.matmul(.ones([12, 6])) * x
  }

  private static func input(_ number: Int) -> Tensor {
    .range(from: Float(number), step: 0.25, count: 18).reshaped(3, 6)
  }

  #if DEBUG
    /// Runs in its own process, because other tests allocate storages, too.
    @Test func laterStepsMakeNoStorages() async {
      await #expect(processExitsWith: .success) {
        let (workspace, inputs) = (Workspace(), (0..<20).map { Self.input($0) })
        workspace.run { for x in inputs.prefix(2) { _ = Self.step(x) } }
        let made = Storage.made
        workspace.run { for x in inputs { _ = Self.step(x) } }
        #expect(Storage.made == made)
        _ = Self.step(inputs[0])
        #expect(Storage.made > made, "the counter does not count")
      }
    }
  #endif

  @Test func resultsAreTheSame() {
    let workspace = Workspace()
    for number in 0..<5 {
      let x = Self.input(number)
      #expect(workspace.run { Self.step(x).scalars } == Self.step(x).scalars)
    }
  }

  /// The results of every step are kept, and compared at the end.
  @Test func whatOutlivesAStepStays() {
    let (workspace, inputs) = (Workspace(), (0..<100).map { Self.input($0) })
    let kept = inputs.map { x in workspace.run { Self.step(x) } }
    for (x, result) in zip(inputs, kept) { #expect(result.scalars == Self.step(x).scalars) }
  }

  /// More sizes than a workspace keeps, twice.
  @Test func manySizes() {
    let workspace = Workspace()
    for _ in 0..<2 {
      for count in 1...200 {
        let sum = workspace.run { (Tensor.range(count: count) + 1).sum().scalar }
        #expect(sum == Float(count * (count + 1) / 2))
      }
    }
  }

  @Test func changesInPlace() {
    Workspace().run {
      var x = Tensor([1, 2, 3])
      let place = x.withUnsafePointer { $0 }
      x.withUnsafeMutablePointer { $0[0] = 5 }
      #expect(x.withUnsafePointer { $0 } == place, "it has no other owner")
      x += Tensor([1, 1, 1])
      #expect(x.withUnsafePointer { $0 } == place && x.scalars == [6, 3, 4])

      let other = x
      x.withUnsafeMutablePointer { $0[1] = 9 }
      #expect(other.scalars == [6, 3, 4] && x.scalars == [6, 9, 4])
    }
  }

  /// A tensor created inside is modified outside, and later steps do not get its memory.
  @Test func changesOutside() {
    let workspace = Workspace()
    var x = workspace.run { Tensor([1, 2, 3]) }
    x.withUnsafeMutablePointer { $0[0] = 7 }
    for _ in 0..<3 { _ = workspace.run { Tensor([0, 0, 0]) } }
    #expect(x.scalars == [7, 2, 3])
  }

  @Test func theInnerOneCounts() {
    let (outer, inner) = (Workspace(), Workspace())
    func place() -> UnsafePointer<Float> { Tensor([1, 2]).withUnsafePointer { $0 } }
    let (first, second) = (outer.run(place), inner.run(place))
    #expect(first != second)
    outer.run {
      #expect(place() == first)
      inner.run { #expect(place() == second) }
      #expect(place() == first)
    }
  }

  @Test func gradientsAreTheSame() {
    let workspace = Workspace()
    for number in 0..<3 {
      let x = Self.input(number)
      let expected = gradient(at: x) { Self.step($0).sum() }.scalars
      #expect(workspace.run { gradient(at: x) { Self.step($0).sum() }.scalars } == expected)
    }
  }

  /// Each of several concurrent tasks has its own workspace; results are passed to another task.
  @Test func severalTasks() async {
    let results = await withTaskGroup(of: (Int, [Tensor]).self) { group in
      for task in 0..<4 {
        group.addTask {
          let workspace = Workspace()
          return (task, (0..<50).map { number in workspace.run { Self.step(Self.input(task + number)) } })
        }
      }
      return await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
    }
    for (task, tensors) in results {
      for (number, tensor) in tensors.enumerated() {
        #expect(tensor.scalars == Self.step(Self.input(task + number)).scalars)
      }
    }
  }
}
