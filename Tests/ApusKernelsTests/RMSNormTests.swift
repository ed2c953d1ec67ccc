// Normalization by the root mean square, forward and backward, against the twins. Read first: KernelTests.swift.
// Read next: GroupNormTests.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct RMSNormTests {
    private static let epsilon: Float = 1e-6

    @Test(arguments: InstructionSet.supported)
    func forward(_ set: InstructionSet) {
      for (rows, columns) in set.kernels.rowShapes {
        check(set.kernels, rows: rows, columns: columns, hasWeight: true)
      }
      check(set.kernels, rows: 5, columns: 37, hasWeight: false)
    }

    private func check(_ kernels: AnyKernelSet, rows: Int, columns: Int, hasWeight: Bool) {
      let x = Reference.numbers(rows * columns, seed: 1)
      let weight = hasWeight ? Reference.numbers(columns, seed: 2) : nil
      let what = "\(kernels.name) RMS norm of \(rows) × \(columns), weight \(hasWeight)"
      let outputs = results(
        into: [[Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: rows)], what
      ) { y, schedule in
        withPointers(weight, nil) { weight, _ in
          kernels.rmsNorm(
            x, weight: weight, epsilon: Self.epsilon, y[0], inverseRoot: y[1], rows: rows, columns: columns, schedule)
        }
      }
      let expected = Reference.rmsNorm(
        [Double](x), weight: weight.map { [Double]($0) }, epsilon: Double(Self.epsilon), rows: rows, columns: columns)
      // A sum of positive terms of equal magnitude. The root has half of its relative error; then come a few roundings.
      let relative = roundoff * (Double(columns).squareRoot() / 2 + 6)
      expectClose(outputs[1], expected.inverseRoot, relative: relative, "\(what), 1/ρ")
      expectClose(outputs[0], expected.y, relative: relative, what)
    }

    @Test(arguments: InstructionSet.supported)
    func backward(_ set: InstructionSet) {
      for (rows, columns) in set.kernels.rowShapes + [(64, 19), (65, 19), (200, 48)] {
        checkBackward(set.kernels, rows: rows, columns: columns, hasWeight: true)
      }
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: false)
      checkBackward(set.kernels, rows: 70, columns: 37, hasWeight: true, wantsWeight: false)
    }

    private func checkBackward(
      _ kernels: AnyKernelSet, rows: Int, columns: Int, hasWeight: Bool, wantsWeight: Bool = true
    ) {
      let (x, dy) = (Reference.numbers(rows * columns, seed: 1), Reference.numbers(rows * columns, seed: 4))
      let weight = hasWeight ? Reference.numbers(columns, seed: 2) : nil
      let roots = Reference.rmsNorm(x, weight: nil, epsilon: 0.01, rows: rows, columns: columns).inverseRoot
      let what = "\(kernels.name) RMS norm backward of \(rows) × \(columns), weight \(hasWeight)"
      let outputs = results(
        into: [[Float](repeating: .nan, count: x.count), [Float](repeating: .nan, count: columns)], what
      ) { y, schedule in
        withPointers(weight, nil) { weight, _ in
          kernels.rmsNormBackward(
            x, weight: weight, inverseRoot: roots, dy, y[0], dWeight: wantsWeight ? y[1] : nil, rows: rows,
            columns: columns, schedule)
        }
      }
      let expected = Reference.rmsNormBackward(
        [Double](x), weight: weight.map { [Double]($0) }, inverseRoot: [Double](roots), [Double](dy), rows: rows,
        columns: columns)
      // The mean is a sum of terms of the order of 1.
      let scales = roots.flatMap { [Double](repeating: Double($0) + 1, count: columns) }
      expectClose(
        outputs[0], expected.dx, relative: roundoff * (Double(columns).squareRoot() + 8), magnitudes: scales, what)
      let unwanted = [Double](repeating: .nan, count: columns)
      expectClose(
        outputs[1], wantsWeight ? expected.dWeight : unwanted, absolute: roundoff * (1.7 * Double(rows) + 4),
        "\(what), dweight")
    }

    /// Zeros give zeros, not NaN, if epsilon is not 0. Large numbers keep their accuracy.
    @Test(arguments: InstructionSet.supported)
    func zerosAndLargeNumbers(_ set: InstructionSet) {
      let columns = 21
      let x = [Float](repeating: 0, count: columns) + [Float](repeating: 1e15, count: columns)
      let outputs = results(into: [x, [0, 0]], "zeros") {
        set.kernels.rmsNorm(
          x, weight: nil, epsilon: Self.epsilon, $0[0], inverseRoot: $0[1], rows: 2, columns: columns, $1)
      }
      #expect(outputs[0].prefix(columns).allSatisfy { $0 == 0 })
      #expect(outputs[0].suffix(columns).allSatisfy { abs($0 - 1) < 1e-6 })
    }
  }
}
