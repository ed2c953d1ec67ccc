// The code of the tour's chapter on tensors and shapes: Docs/Tour/01-tensors-and-shapes.md.

import Apus

// snippet: Walk
/// The elements at `start + Σ i·stride` in memory, for all indices i within `sizes`; the last index varies fastest.
func walk(_ memory: [Float], from start: Int = 0, sizes: [Int], strides: [Int]) -> [Float] {
  guard let size = sizes.first, let stride = strides.first else { return [memory[start]] }
  return (0..<size).flatMap { i in
    walk(memory, from: start + i * stride, sizes: Array(sizes.dropFirst()), strides: Array(strides.dropFirst()))
  }
}
// end snippet

/// - Returns: the elements that the chapter's walks read from 0, 1, … 11.
func walkExample() -> [[Float]] {
  // snippet: Walks
  let memory = (0..<12).map { Float($0) }  // [3, 4]: rows 4 apart, columns 1 apart

  let transposed = walk(memory, sizes: [4, 3], strides: [1, 4])
  let everySecondColumn = walk(memory, sizes: [3, 2], strides: [4, 2])
  let upsideDown = walk(memory, from: 8, sizes: [3, 4], strides: [-4, 1])
  let firstRowThreeTimes = walk(memory, sizes: [3, 4], strides: [0, 1])
  let diagonal = walk(memory, sizes: [3], strides: [5])
  // end snippet
  return [transposed, everySecondColumn, upsideDown, firstRowThreeTimes, diagonal]
}

/// - Returns: the results of the library's corresponding operations.
func libraryWalkExample() -> [[Float]] {
  // snippet: LibraryWalks
  let x = Tensor.range(count: 12).reshaped(to: [3, 4])

  let results = [
    x.transposed(),
    x.slice(0..<4, along: 1, step: 2),
    x.flipped(along: 0),
    x.slice(0..<1).broadcast(to: [3, 4]),
    x.diagonal(),
  ]
  // end snippet
  return results.map(\.scalars)
}

/// - Returns: the gradients of a repeated row and of overlapping slices.
func adjointExample() -> (repeated: [Float], overlapping: [Float]) {
  // snippet: Adjoints
  let row = Tensor([1, 2, 3])
  let repeated = gradient(at: row) { $0.broadcast(to: [5, 3]).sum() }  // [5, 5, 5]

  let line = Tensor([1, 2, 3, 4])
  let overlapping = gradient(at: line) { ($0.slice(0..<3) + $0.slice(1..<4)).sum() }  // [1, 2, 2, 1]
  // end snippet
  return (repeated.scalars, overlapping.scalars)
}

/// - Returns: the first elements of an original and of its modified copy.
func valueExample() -> (original: Float, copy: Float) {
  // snippet: Values
  let original = Tensor.zeros([100, 100])
  var copy = original  // one block of memory, two owners
  copy.withUnsafeMutablePointer { $0[0] = 1 }  // now there are two blocks
  // end snippet
  return (original[scalarAt: 0, 0], copy[scalarAt: 0, 0])
}
