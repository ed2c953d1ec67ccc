// Packing: blocks of A and B copied into panels, the order in which the micro-kernel reads them, padded with zeros.
// Read first: MicroKernel.swift. Read next: BlockedMatMul.swift.

package import ApusKernelTypes

/// Copies a block into a panel: `panel[step · width + i]` is element (i, step) for i < `count`, and 0 from there to `width`.
///
/// If i counts rows of A, this is a left panel; if i counts columns of B, it is a right panel. So the same function packs both
/// operands.
func packPanel(
  width: Int, count: Int, steps: Int, elements: UnsafePointer<Float>, stride: Int, stepStride: Int,
  into panel: UnsafeMutablePointer<Float>
) {
  if stride == 1 {
    packContiguous(width: width, count: count, steps: steps, elements, stepStride, into: panel)
  } else {
    packTransposing(width: width, count: count, steps: steps, elements, stride, stepStride, into: panel)
  }
}

extension SIMDKernels {
  /// Packs all panels of B = Wᵀ for W [rows, columns], for many products with the same W.
  package static func packPanels(
    _ w: UnsafePointer<Float>, rowStride: Int, rows: Int, columns: Int, into panels: UnsafeMutablePointer<Float>,
    _ schedule: Schedule
  ) {
    let cut = Panels(columns: rows)
    forEachChunk(of: cut.count, grain: max(1, 16_384 / (Panels.width * max(1, columns))), schedule) { range in
      for index in range {
        packPanel(
          width: cut.vectors(of: index) * laneCount, count: cut.columns(of: index), steps: columns,
          elements: w + index * Panels.width * rowStride, stride: rowStride, stepStride: 1,
          into: panels + index * Panels.width * columns)
      }
    }
  }

  /// The floats that the panels of W [rows, columns] take.
  package static func panelCount(rows: Int, columns: Int) -> Int { Panels(columns: rows).paddedColumns * columns }
}

/// Packs a block in which consecutive i are contiguous: a copy of short rows.
private func packContiguous(
  width: Int, count: Int, steps: Int, _ elements: UnsafePointer<Float>, _ stepStride: Int,
  into panel: UnsafeMutablePointer<Float>
) {
  var source = elements
  var target = panel
  for _ in 0..<steps {
    var i = 0
    while i + laneCount <= count {
      target.store(source.lanes(at: i), at: i)
      i += laneCount
    }
    while i + 4 <= count {
      target.store4(source.load4(at: i), at: i)
      i += 4
    }
    while i < count {
      target[i] = source[i]
      i += 1
    }
    while i < width {
      target[i] = 0
      i += 1
    }
    source += stepStride
    target += width
  }
}

/// Packs a block in which consecutive steps are contiguous: a transposition. Squares are transposed in registers, the last of
/// them 4 × 4, since a left panel may be no wider than that.
private func packTransposing(
  width: Int, count: Int, steps: Int, _ elements: UnsafePointer<Float>, _ stride: Int, _ stepStride: Int,
  into panel: UnsafeMutablePointer<Float>
) {
  var i = 0
  while stepStride == 1 && i + transposeSide <= count {
    let (source, target) = (elements + i * stride, panel + i)
    var step = 0
    while step + transposeSide <= steps {
      transposeBlock(source + step, stride, target + step * width, width)
      step += transposeSide
    }
    while step < steps {
      for j in 0..<transposeSide { target[step * width + j] = source[j * stride + step] }
      step += 1
    }
    i += transposeSide
  }
  while i + 4 <= count {
    let source = elements + i * stride
    let target = panel + i
    var step = 0
    if stepStride == 1 {
      while step + 4 <= steps {
        let (a, b) = (source.load4(at: step), (source + stride).load4(at: step))
        let (c, d) = ((source + 2 * stride).load4(at: step), (source + 3 * stride).load4(at: step))
        let (ab02, ab13) = (interleaveEven(a, b), interleaveOdd(a, b))
        let (cd02, cd13) = (interleaveEven(c, d), interleaveOdd(c, d))
        let out = target + step * width
        out.store4(SIMD4(lowHalf: ab02.lowHalf, highHalf: cd02.lowHalf), at: 0)
        out.store4(SIMD4(lowHalf: ab13.lowHalf, highHalf: cd13.lowHalf), at: width)
        out.store4(SIMD4(lowHalf: ab02.highHalf, highHalf: cd02.highHalf), at: 2 * width)
        out.store4(SIMD4(lowHalf: ab13.highHalf, highHalf: cd13.highHalf), at: 3 * width)
        step += 4
      }
    }
    while step < steps {
      let out = target + step * width
      out[0] = source[step * stepStride]
      out[1] = source[stride + step * stepStride]
      out[2] = source[2 * stride + step * stepStride]
      out[3] = source[3 * stride + step * stepStride]
      step += 1
    }
    i += 4
  }
  while i < width {
    for step in 0..<steps {
      panel[step * width + i] = i < count ? elements[i * stride + step * stepStride] : 0
    }
    i += 1
  }
}

/// a₀ b₀ a₂ b₂
@inline(__always)
private func interleaveEven(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
  SIMD4(a[0], b[0], a[2], b[2])
}

/// a₁ b₁ a₃ b₃
@inline(__always)
private func interleaveOdd(_ a: SIMD4<Float>, _ b: SIMD4<Float>) -> SIMD4<Float> {
  SIMD4(a[1], b[1], a[3], b[3])
}

extension UnsafePointer<Float> {
  @inline(__always)
  fileprivate func load4(at index: Int) -> SIMD4<Float> {
    UnsafeRawPointer(self + index).loadUnaligned(as: SIMD4<Float>.self)
  }
}

extension UnsafeMutablePointer<Float> {
  @inline(__always)
  fileprivate func store4(_ value: SIMD4<Float>, at index: Int) {
    UnsafeMutableRawPointer(self + index).storeBytes(of: value, as: SIMD4<Float>.self)
  }
}

/// The cut of the n columns of B into panels. All panels have the tile's full width except the last, which is as many vectors
/// wide as it needs: with a tile of 48 columns, 65 columns become one panel of 48 and one of 32, not 96 columns of work.
struct Panels {
  let columns: Int

  /// The width of a full panel in columns.
  static var width: Int {
    @inline(__always) get { tileVectors * laneCount }
  }

  /// The number of panels.
  @inline(__always)
  var count: Int { (columns + Panels.width - 1) / Panels.width }

  /// The columns of B in panel `index`.
  @inline(__always)
  func columns(of index: Int) -> Int { min(Panels.width, columns - index * Panels.width) }

  /// The width of panel `index` in vectors.
  @inline(__always)
  func vectors(of index: Int) -> Int { (columns(of: index) + laneCount - 1) / laneCount }

  /// The columns of all panels together, padding included.
  @inline(__always)
  var paddedColumns: Int {
    count == 0 ? 0 : (count - 1) * Panels.width + vectors(of: count - 1) * laneCount
  }
}
