// The matrix product against its twin: sizes around the edges of tiles and blocks, transposes, batches, epilogues.
// Read first: KernelTests.swift, ApusKernelsReference/ReferenceMatMul.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

/// One product with its options.
private struct Product {
  var m: Int
  var n: Int
  var k: Int
  var aIsTransposed = false
  var bIsTransposed = false
  var batch = 1
  var repeatsA = false
  var repeatsB = false
  var accumulates = false
  var hasBias = false
  var activation: UnaryOperation?
  var keepsSlopes = false
  var hasFactors = false
  var sumsColumns = false
  /// The number of elements between the rows in memory.
  var gap = 0

  /// The value in the gaps of C, which the kernel must not change.
  static let untouched: Float = 123.456

  /// The rows with gaps of `filler` between them.
  private func spread(_ dense: [Float], rows: Int, columns: Int, filler: Float) -> [Float] {
    let stride = columns + gap
    return Reference.copyRows(
      dense, stride: columns, into: [Float](repeating: filler, count: rows * stride), stride: stride, rows: rows,
      columns: columns)
  }

  func check(_ kernels: AnyKernelSet, sourceLocation: SourceLocation = #_sourceLocation) {
    let a = Reference.numbers((repeatsA ? 1 : batch) * m * k, seed: 1)
    let b = Reference.numbers((repeatsB ? 1 : batch) * k * n, seed: 2)
    let c = Reference.numbers(batch * m * n, seed: 3)
    let bias = hasBias ? Reference.numbers(n, seed: 4) : nil
    let factors = hasFactors ? Reference.numbers(batch * m * n, seed: 5) : nil
    let expected = Reference.matMul(
      [Double](a), isTransposed: aIsTransposed, [Double](b), isTransposed: bIsTransposed, m: m, n: n, k: k,
      batch: batch, aStride: repeatsA ? 0 : m * k, bStride: repeatsB ? 0 : k * n,
      addingTo: accumulates ? [Double](c) : nil, bias: bias.map { [Double]($0) }, activation: activation,
      factors: factors.map { [Double]($0) })

    // Reading a gap gives NaN.
    let (aRows, aColumns) = aIsTransposed ? (k, m) : (m, k)
    let (bRows, bColumns) = bIsTransposed ? (n, k) : (k, n)
    let aStored = spread(a, rows: (repeatsA ? 1 : batch) * aRows, columns: aColumns, filler: .nan)
    let bStored = spread(b, rows: (repeatsB ? 1 : batch) * bRows, columns: bColumns, filler: .nan)
    let start = accumulates ? c : [Float](repeating: .nan, count: batch * m * n)
    let cStored = spread(start, rows: batch * m, columns: n, filler: Self.untouched)

    let factorsStored = Guarded(spread(factors ?? [], rows: hasFactors ? batch * m : 0, columns: n, filler: .nan))
    let noSums = [Float](repeating: .nan, count: n)

    let outputs = aStored.withUnsafeBufferPointer { aStored in
      bStored.withUnsafeBufferPointer { bStored in
        (bias ?? []).withUnsafeBufferPointer { biasStored in
          results(into: [cStored, cStored, noSums], "\(self)", sourceLocation: sourceLocation) { outputs, schedule in
            // An empty array may have no address, but an operand needs one.
            let somewhere = UnsafePointer(outputs[0])
            var p = MatMulArguments(
              m: m, n: n, k: k,
              a: MatrixOperand(
                aStored.baseAddress ?? somewhere, rowStride: aColumns + gap, isTransposed: aIsTransposed,
                batchStride: repeatsA ? 0 : aRows * (aColumns + gap)),
              b: MatrixOperand(
                bStored.baseAddress ?? somewhere, rowStride: bColumns + gap, isTransposed: bIsTransposed,
                batchStride: repeatsB ? 0 : bRows * (bColumns + gap)),
              c: outputs[0], cRowStride: n + gap)
            (p.batch, p.cBatchStride, p.accumulates) = (batch, m * (n + gap), accumulates)
            p.bias = hasBias ? biasStored.baseAddress : nil
            p.activation = activation
            p.slopes = keepsSlopes ? outputs[1] : nil
            p.factors = hasFactors ? UnsafePointer(factorsStored.pointer) : nil
            p.columnSums = sumsColumns ? outputs[2] : nil
            kernels.matMul(p, schedule)
          }
        }
      }
    }

    // Every sum has k terms below 1 and as many roundings, each of half an ulp of the sum so far, which is of the order of 1
    // or √k/3. Bias, C and an activation (with slopes up to 1.13) add a few.
    let absolute = roundoff * (1.2 * Double(k) + 6)
    let kept = keepsSlopes && activation != nil
    for (index, values) in [expected.result, expected.slopes].enumerated() where index == 0 || kept {
      let dense = Reference.copyRows(
        outputs[index], stride: n + gap, into: c, stride: n, rows: batch * m, columns: n)
      expectClose(
        dense, values, relative: 4 * roundoff, absolute: absolute, "\(kernels.name) \(self)",
        sourceLocation: sourceLocation)
    }
    if !kept {
      expectSame(outputs[1], cStored, "\(kernels.name) \(self): wrote slopes", sourceLocation: sourceLocation)
    }
    if sumsColumns {
      let sums = Reference.reduce(.sum, expected.result, outer: 1, count: m, inner: n)
      expectClose(
        outputs[2], sums, relative: 4 * roundoff, absolute: Double(m) * (absolute + roundoff * Double(m)),
        "\(kernels.name) \(self): sums of columns", sourceLocation: sourceLocation)
    }
    // The gaps must be unchanged.
    let refilled = Reference.copyRows(
      cStored, stride: n + gap, into: outputs[0], stride: n + gap, rows: batch * m, columns: n)
    expectSame(refilled, cStored, "\(kernels.name) \(self): wrote between rows", sourceLocation: sourceLocation)
  }

  /// The same check with each operand as it is and stored transposed.
  func checkAllTransposes(_ kernels: AnyKernelSet, sourceLocation: SourceLocation = #_sourceLocation) {
    for index in 0..<4 {
      var product = self
      (product.aIsTransposed, product.bIsTransposed) = (index & 1 == 1, index & 2 == 2)
      product.check(kernels, sourceLocation: sourceLocation)
    }
  }
}

extension UnaryOperation {
  /// Whether the slope is at most about 1 and there are no jumps, so that the error before the function is not magnified.
  fileprivate var isGentle: Bool {
    switch self {
    case .square, .squareRoot, .inverseSquareRoot, .reciprocal, .exp, .log, .floor, .ceiling, .round: false
    default: true
    }
  }
}

extension KernelTests {
  @Suite struct MatMulTests {
    @Test(arguments: InstructionSet.supported)
    func sizesAroundTheTile(_ set: InstructionSet) {
      let kernels = set.kernels
      let (lanes, tile) = (kernels.laneCount, kernels.tile)
      for m in [0, 1, 2, tile.rows - 1, tile.rows, tile.rows + 1, 2 * tile.rows + 1, 4 * tile.rows + 1] {
        let columns = [0, 1, 2, lanes - 1, lanes, lanes + 1, tile.columns - 1, tile.columns, tile.columns + 1]
        for n in columns + [2 * tile.columns + lanes + 3] {
          for k in [1, 2, 5, 19] {
            Product(m: m, n: n, k: k, gap: (m + n + k) % 3).checkAllTransposes(kernels)
          }
        }
      }
    }

    @Test(arguments: InstructionSet.supported)
    func nothingToSum(_ set: InstructionSet) {
      for (m, n) in [(1, 1), (1, 20), (20, 1), (5, 37)] {
        Product(m: m, n: n, k: 0, gap: 2).checkAllTransposes(set.kernels)
        Product(m: m, n: n, k: 0, batch: 3, accumulates: true).check(set.kernels)
        Product(m: m, n: n, k: 0, batch: 2, hasBias: true, activation: .tanh, keepsSlopes: true, gap: 1)
          .check(set.kernels)
      }
    }

    @Test(arguments: InstructionSet.supported)
    func severalBlocksOfK(_ set: InstructionSet) {
      let tile = set.kernels.tile
      for k in [511, 512, 513, 1_025] {
        Product(m: tile.rows + 1, n: tile.columns + 5, k: k).checkAllTransposes(set.kernels)
        Product(m: 5 * tile.rows, n: tile.columns, k: k, accumulates: true, gap: 3).checkAllTransposes(set.kernels)
      }
    }

    @Test(arguments: InstructionSet.supported)
    func severalBlocksOfRowsAndGroupsOfColumns(_ set: InstructionSet) {
      Product(m: 96, n: 96, k: 70).checkAllTransposes(set.kernels)
      Product(m: 97, n: 130, k: 67, hasBias: true, activation: .relu).checkAllTransposes(set.kernels)
      Product(m: 211, n: 307, k: 101, gap: 1).checkAllTransposes(set.kernels)
      Product(m: 131, n: 257, k: 601).check(set.kernels)
    }

    /// Wide products, which pack A, and the widest, which are cut so that packed B stays small.
    @Test(arguments: InstructionSet.supported)
    func wide(_ set: InstructionSet) {
      let tile = set.kernels.tile
      Product(m: tile.rows + 3, n: 16 * tile.columns + 1, k: 83).checkAllTransposes(set.kernels)
      Product(m: 4 * tile.rows + 1, n: 17 * tile.columns - 1, k: 530, accumulates: true).check(set.kernels)
      // Several blocks of rows, which the workers pack one at a time.
      Product(m: 389, n: 16 * tile.columns + 3, k: 45).checkAllTransposes(set.kernels)
      Product(m: 3, n: 2_100, k: 1_024, bIsTransposed: true, hasBias: true, activation: .silu, keepsSlopes: true)
        .check(set.kernels)
    }

    @Test(arguments: InstructionSet.supported)
    func vectors(_ set: InstructionSet) {
      let lanes = set.kernels.laneCount
      for size in [1, 2, 3, 4, 5, 63, 64, 65, 200] {
        for k in [1, 3, 4, 2 * lanes - 1, 2 * lanes, 2 * lanes + 1, 1_003] {
          Product(m: 1, n: size, k: k, gap: k % 2).checkAllTransposes(set.kernels)
          Product(m: size, n: 1, k: k, gap: size % 2).checkAllTransposes(set.kernels)
        }
        Product(m: 1, n: size, k: 66, accumulates: true, gap: 1).checkAllTransposes(set.kernels)
        Product(m: size, n: 1, k: 66, accumulates: true, gap: 1).checkAllTransposes(set.kernels)
        Product(m: 1, n: size, k: 9, hasBias: true, activation: .gelu, keepsSlopes: true)
          .checkAllTransposes(set.kernels)
        Product(m: size, n: 1, k: 9, hasBias: true, activation: .gelu, keepsSlopes: true, gap: 2)
          .checkAllTransposes(set.kernels)
      }
    }

    /// A few rows times a transposed matrix, which is not packed for them.
    @Test(arguments: InstructionSet.supported)
    func fewRows(_ set: InstructionSet) {
      let lanes = set.kernels.laneCount
      for m in [2, 3, 4, 15, 16, 17] {
        for n in [1, 2, 3, 4, 5, 17, 70] {
          for k in [lanes - 1, lanes, lanes + 1, 3 * lanes + 2] {
            Product(m: m, n: n, k: k, bIsTransposed: true, gap: n % 2).check(set.kernels)
          }
        }
        // Several tiles.
        Product(m: m, n: 163, k: 1_003, bIsTransposed: true, accumulates: m == 4, gap: 1).check(set.kernels)
        Product(
          m: m, n: 163, k: 1_003, bIsTransposed: true, hasBias: true, activation: .silu, keepsSlopes: true,
          hasFactors: true, sumsColumns: true
        ).check(set.kernels)
      }
    }

    /// Enough rows for tiles, but fewer than the transposed matrix has: these products are mirrored.
    @Test(arguments: InstructionSet.supported)
    func mirrored(_ set: InstructionSet) {
      let tile = set.kernels.tile
      for m in [17, tile.columns - 1, tile.columns, 2 * tile.columns + 1, 131] {
        Product(m: m, n: 333, k: 211, bIsTransposed: true, gap: 1).check(set.kernels)
      }
      // Blocks of rows of B, long and short ones, with ragged ends, and several blocks of k.
      Product(m: 37, n: 1_601, k: 40, bIsTransposed: true, hasBias: true).check(set.kernels)
      Product(m: 50, n: 189, k: 1_030, bIsTransposed: true, hasBias: true, activation: .gelu, keepsSlopes: true, gap: 2)
        .check(set.kernels)
      // Several groups of panels.
      Product(m: 8 * tile.columns + 17, n: 1_700, k: 331, bIsTransposed: true, hasBias: true, activation: .silu).check(
        set.kernels)
    }

    @Test(arguments: InstructionSet.supported)
    func batches(_ set: InstructionSet) {
      for (repeatsA, repeatsB) in [(false, false), (true, false), (false, true), (true, true)] {
        var product = Product(m: 5, n: 33, k: 7, batch: 3, repeatsA: repeatsA, repeatsB: repeatsB, gap: 1)
        product.checkAllTransposes(set.kernels)
        // Several products in a tile, several tiles, and large products one after the other.
        product = Product(m: 31, n: 37, k: 29, batch: 45, repeatsA: repeatsA, repeatsB: repeatsB)
        product.hasBias = repeatsA
        product.accumulates = !repeatsA
        product.check(set.kernels)
        product = Product(m: 161, n: 179, k: 173, batch: 2, repeatsA: repeatsA, repeatsB: repeatsB, hasBias: true)
        (product.activation, product.keepsSlopes) = (.sigmoid, true)
        product.check(set.kernels)
      }
      for m in [1, 6] {
        Product(m: m, n: 7 - m, k: 13, batch: 4, accumulates: true).checkAllTransposes(set.kernels)
      }
      Product(m: 3, n: 3, k: 3, batch: 0).check(set.kernels)
    }

    @Test(arguments: InstructionSet.supported)
    func epilogues(_ set: InstructionSet) {
      let tile = set.kernels.tile
      for activation in UnaryOperation.allCases where activation.isGentle {
        let (m, n) = (tile.rows + 1, tile.columns + 3)
        Product(m: m, n: n, k: 11, hasBias: true, activation: activation, keepsSlopes: true, gap: 2)
          .check(set.kernels)
        Product(m: 100, n: 130, k: 90, activation: activation).check(set.kernels)
      }
      // The epilogue of a backward: factors and sums of columns, in one block, in several, and in the paths for vectors.
      // (At 389 × 1,100, a block of rows is finished in several pieces.)
      let sizes = [
        (5, 7, 3), (1, 70, 40), (70, 1, 40), (4, 5, 0), (0, 4, 2), (250, 131, 90), (9, 2_100, 1_024), (389, 1_100, 20),
      ]
      for (m, n, k) in sizes {
        for (hasFactors, sumsColumns) in [(true, true), (true, false), (false, true)] {
          let isActivated = m == 5 || m == 389
          Product(
            m: m, n: n, k: k, hasBias: isActivated, activation: isActivated ? .geluTanh : nil, keepsSlopes: isActivated,
            hasFactors: hasFactors, sumsColumns: sumsColumns, gap: m % 2
          ).check(set.kernels)
        }
      }
      Product(m: 6, n: 20, k: 9, batch: 3, hasFactors: true, gap: 1).check(set.kernels)
      for gap in [0, 1] {
        Product(m: 9, n: 50, k: 23, hasBias: true, gap: gap).checkAllTransposes(set.kernels)
        Product(m: 9, n: 50, k: 23, accumulates: true, gap: gap).checkAllTransposes(set.kernels)
      }
    }

    /// With B packed in advance the bits are the same, on every path and when the product is cut by columns.
    @Test(arguments: InstructionSet.supported)
    func prepacked(_ set: InstructionSet) {
      let (kernels, columns) = (set.kernels, set.kernels.tile.columns)
      let sizes = [
        (1, 50, 40), (2, 50, 40), (17, 1, 9), (17, columns - 1, 30), (18, columns, 1), (40, columns + 1, 600),
        (33, 5 * columns + 3, 1_030), (20, 4_500, 520),
      ]
      for (m, n, k) in sizes {
        let (a, b) = (Reference.numbers(m * k, seed: 1), Reference.numbers(n * (k + 2), seed: 2))
        let (left, right) = (Guarded(a), Guarded(b))
        let panels = result(count: kernels.panelCount(rows: n, columns: k), "panels") {
          kernels.packPanels(right.pointer, rowStride: k + 2, rows: n, columns: k, into: $0, $1)
        }
        func product(_ panels: UnsafePointer<Float>?) -> [Float] {
          result(count: m * n, "\(kernels.name) \(m) × \(n) × \(k)") { c, schedule in
            var p = MatMulArguments(
              m: m, n: n, k: k, a: MatrixOperand(left.pointer, rowStride: k),
              b: MatrixOperand(right.pointer, rowStride: k + 2, isTransposed: true), c: c, cRowStride: n)
            p.b.panels = panels
            kernels.matMul(p, schedule)
          }
        }
        let packed = panels.withUnsafeBufferPointer { product($0.baseAddress) }
        expectSame(packed, product(nil), "\(kernels.name) \(m) × \(n) × \(k)")
        withExtendedLifetime((left, right)) {}
      }
    }
  }
}
