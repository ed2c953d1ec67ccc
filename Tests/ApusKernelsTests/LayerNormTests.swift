// Layer normalization, forward and backward, against the twins. Read first: KernelTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct LayerNormTests {
    private static let epsilon: Float = 1e-5

    @Test(arguments: InstructionSet.supported)
    func forward(_ set: InstructionSet) {
      for (rows, columns) in set.kernels.rowShapes {
        check(set.kernels, rows: rows, columns: columns, hasWeight: true, hasBias: true)
      }
      check(set.kernels, rows: 5, columns: 37, hasWeight: true, hasBias: false)
      check(set.kernels, rows: 5, columns: 37, hasWeight: false, hasBias: true)
      check(set.kernels, rows: 5, columns: 37, hasWeight: false, hasBias: false)
    }

    private func check(_ kernels: AnyKernelSet, rows: Int, columns: Int, hasWeight: Bool, hasBias: Bool) {
      // The mean is not zero.
      let x = Reference.numbers(rows * columns, seed: 1).map { $0 + 0.5 }
      let weight = hasWeight ? Reference.numbers(columns, seed: 2) : nil
      let bias = hasBias ? Reference.numbers(columns, seed: 3) : nil
      let what = "\(kernels.name) layer norm of \(rows) × \(columns), weight \(hasWeight), bias \(hasBias)"
      let rowOfNaN = [Float](repeating: .nan, count: rows)
      let outputs = results(into: [[Float](repeating: .nan, count: x.count), rowOfNaN, rowOfNaN], what) { y, schedule in
        withPointers(weight, bias) {
          kernels.layerNorm(
            x, weight: $0, bias: $1, epsilon: Self.epsilon, y[0], mean: y[1], inverseDeviation: y[2], rows: rows,
            columns: columns, schedule)
        }
      }
      let expected = Reference.layerNorm(
        [Double](x), weight: weight.map { [Double]($0) }, bias: bias.map { [Double]($0) },
        epsilon: Double(Self.epsilon), rows: rows, columns: columns)
      // The mean is a sum of terms of the order of 1. Its error, divided by σ, is the error of y.
      let meanError = roundoff * (Double(columns).squareRoot() + 4)
      expectClose(outputs[1], expected.mean, absolute: meanError, "\(what), mean")
      expectClose(
        outputs[2], expected.inverseDeviation, relative: 2 * meanError, "\(what), 1/σ")
      let scales = expected.inverseDeviation.flatMap { [Double](repeating: 2 * $0 + 2, count: columns) }
      expectClose(outputs[0], expected.y, relative: 2 * meanError, magnitudes: scales, what)
    }

    @Test(arguments: InstructionSet.supported)
    func backward(_ set: InstructionSet) {
      for (rows, columns) in set.kernels.rowShapes + [(64, 19), (65, 19), (200, 48)] {
        checkBackward(set.kernels, rows: rows, columns: columns, hasWeight: true)
      }
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: false)
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: true, wantsBias: false)
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: true, wantsWeight: false)
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: true, wantsWeight: false, wantsBias: false)
    }

    private func checkBackward(
      _ kernels: AnyKernelSet, rows: Int, columns: Int, hasWeight: Bool, wantsWeight: Bool = true,
      wantsBias: Bool = true
    ) {
      let (x, dy) = (Reference.numbers(rows * columns, seed: 1), Reference.numbers(rows * columns, seed: 4))
      let weight = hasWeight ? Reference.numbers(columns, seed: 2) : nil
      let forward = Reference.layerNorm(
        x, weight: nil, bias: nil, epsilon: 0.01, rows: rows, columns: columns)
      let what = "\(kernels.name) layer norm backward of \(rows) × \(columns), weight \(hasWeight)"
      let columnsOfNaN = [Float](repeating: .nan, count: columns)
      let outputs = results(
        into: [[Float](repeating: .nan, count: x.count), columnsOfNaN, columnsOfNaN], what
      ) { y, schedule in
        withPointers(weight, nil) { weight, _ in
          kernels.layerNormBackward(
            x, weight: weight, mean: forward.mean, inverseDeviation: forward.inverseDeviation, dy, y[0],
            dWeight: wantsWeight ? y[1] : nil,
            dBias: wantsBias ? y[2] : nil, rows: rows, columns: columns, schedule)
        }
      }
      let expected = Reference.layerNormBackward(
        [Double](x), weight: weight.map { [Double]($0) }, mean: [Double](forward.mean),
        inverseDeviation: [Double](forward.inverseDeviation), [Double](dy), rows: rows, columns: columns)
      // The two means are sums of terms of the order of 1.
      let scales = forward.inverseDeviation.flatMap { [Double](repeating: Double($0) + 1, count: columns) }
      expectClose(
        outputs[0], expected.dx, relative: roundoff * (Double(columns).squareRoot() + 8), magnitudes: scales, what)
      // Sums over the rows, with terms up to 1 and up to x̂ (1.7 for long rows, less for short ones).
      let unwanted = [Double](repeating: .nan, count: columns)
      let absolute = roundoff * (1.7 * Double(rows) + 4)
      expectClose(outputs[1], wantsWeight ? expected.dWeight : unwanted, absolute: absolute, "\(what), dweight")
      expectClose(outputs[2], wantsBias ? expected.dBias : unwanted, absolute: absolute, "\(what), dbias")
    }

    /// A row far from zero: with two passes the square of the mean costs no accuracy.
    @Test(arguments: InstructionSet.supported)
    func largeMean(_ set: InstructionSet) {
      let columns = 300
      let x = Reference.numbers(columns, seed: 1).map { $0 + 1_000 }
      let outputs = results(into: [x, [0], [0]], "large mean") {
        set.kernels.layerNorm(
          x, weight: nil, bias: nil, epsilon: 0, $0[0], mean: $0[1], inverseDeviation: $0[2], rows: 1, columns: columns,
          $1)
      }
      let expected = Reference.layerNorm([Double](x), weight: nil, bias: nil, epsilon: 0, rows: 1, columns: columns)
      // The mean, near 1,000, has an error of half an ulp of 2⁻¹⁵ and a few roundings; and so has y, since σ is 0.58.
      expectClose(outputs[1], expected.mean, absolute: 4 * 0x1p-15, "mean")
      expectClose(outputs[2], expected.inverseDeviation, relative: 40 * roundoff, "1/σ")
      expectClose(outputs[0], expected.y, absolute: 7 * 0x1p-15, "y")
    }
  }
}

/// Calls `body` with the addresses of the arrays; nil stays nil.
func withPointers(
  _ a: [Float]?, _ b: [Float]?, _ body: (UnsafePointer<Float>?, UnsafePointer<Float>?) -> Void
) {
  (a ?? []).withUnsafeBufferPointer { aStored in
    (b ?? []).withUnsafeBufferPointer { bStored in
      body(a == nil ? nil : aStored.baseAddress, b == nil ? nil : bStored.baseAddress)
    }
  }
}
