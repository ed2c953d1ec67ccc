// Softmax, forward and backward, against the twins. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// Logits of [−10, 10). Their differences from the row's largest are rounded to 2⁻²⁰, so an exponential is off by up to 16 half
/// ulps, and a sum of exponentials by as many. With exp, the sum and the division, that makes 40 in all.
private func logits(_ count: Int) -> [Float] { Reference.numbers(count, seed: 1).map { 10 * $0 } }
private let relative = 40 * roundoff

extension KernelTests {
  @Suite struct SoftmaxTests {
    @Test(arguments: InstructionSet.supported)
    func softmax(_ set: InstructionSet) {
      let kernels = set.kernels
      for (rows, columns) in kernels.rowShapes {
        let x = logits(rows * columns)
        let what = "\(kernels.name) softmax of \(rows) × \(columns)"
        let y = result(count: x.count, what) { kernels.softmax(x, $0, rows: rows, columns: columns, $1) }
        expectClose(y, Reference.softmax([Double](x), rows: rows, columns: columns), relative: relative, what)
        let inPlace = result(into: x, what) { kernels.softmax(UnsafePointer($0), $0, rows: rows, columns: columns, $1) }
        expectSame(inPlace, y, "\(what), in place")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func maskedAndLargeLogits(_ set: InstructionSet) {
      let kernels = set.kernels
      for columns in [1, 3, 16, 21, 100] {
        // Rows with none, one or half of the elements unmasked, and numbers whose exponentials overflow or underflow.
        var x = [Float](repeating: -.infinity, count: 5 * columns)
        x[columns + columns / 2] = 3
        for j in stride(from: 0, to: columns, by: 2) { x[2 * columns + j] = Float(j) }
        for j in 0..<columns { (x[3 * columns + j], x[4 * columns + j]) = (1e30 + Float(j), -3e4 - Float(7 * j)) }
        let y = result(count: x.count, "masked") { kernels.softmax(x, $0, rows: 5, columns: columns, $1) }
        #expect(y.prefix(columns).allSatisfy { $0 == 0 })
        #expect(y[columns + columns / 2] == 1)
        expectClose(
          y, Reference.softmax([Double](x), rows: 5, columns: columns), relative: relative, absolute: 0x1p-126,
          "\(kernels.name) masked softmax of \(columns)")
      }
    }

    @Test(arguments: InstructionSet.supported)
    func softmaxBackward(_ set: InstructionSet) {
      let kernels = set.kernels
      for (rows, columns) in kernels.rowShapes {
        let y = Reference.softmax([Double](logits(rows * columns)), rows: rows, columns: columns).map { Float($0) }
        let dy = Reference.numbers(rows * columns, seed: 2)
        let what = "\(kernels.name) softmax backward of \(rows) × \(columns)"
        let dx = result(count: y.count, what) { kernels.softmaxBackward(y, dy, $0, rows: rows, columns: columns, $1) }
        let expected = Reference.softmaxBackward([Double](y), [Double](dy), rows: rows, columns: columns)
        // dy − Σ dy ∘ y is a difference of numbers below 1: the weights of the sum add up to 1.
        expectClose(dx, expected, relative: 8 * roundoff, magnitudes: [Double](y), what)
      }
    }
  }
}
