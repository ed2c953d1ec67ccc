// Transposition of a small square of floats in registers. Read next: ../Memory/Permute.swift.

// Swift has no shuffle operations, but a vector built element by element from two vectors compiles to a shuffle or two. With
// more than two source vectors it does not.

#if APUS_AVX512 || APUS_AVX2
  private typealias Line = SIMD8<Float>

  /// The side of the square that `transposeBlock` transposes.
  let transposeSide = 8

  /// a₀ b₀ a₁ b₁ …, the first halves interleaved.
  @inline(__always)
  private func zipLow(_ a: Line, _ b: Line) -> Line { Line(a[0], b[0], a[1], b[1], a[2], b[2], a[3], b[3]) }

  /// The second halves interleaved.
  @inline(__always)
  private func zipHigh(_ a: Line, _ b: Line) -> Line { Line(a[4], b[4], a[5], b[5], a[6], b[6], a[7], b[7]) }

  /// y[i · yStride + j] ← x[j · xStride + i] for i, j < 8.
  ///
  /// Interleaving the rows i and i + 4 is one step of a perfect shuffle of all 64 elements; three of these steps transpose.
  @inline(__always)
  func transposeBlock(_ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int) {
    @inline(__always) func line(_ j: Int) -> Line { UnsafeRawPointer(x + j * xStride).loadUnaligned(as: Line.self) }
    @inline(__always) func store(_ value: Line, _ i: Int) {
      UnsafeMutableRawPointer(y + i * yStride).storeBytes(of: value, as: Line.self)
    }
    var (a, b, c, d) = (line(0), line(1), line(2), line(3))
    var (e, f, g, h) = (line(4), line(5), line(6), line(7))
    for _ in 0..<3 {
      (a, b, c, d, e, f, g, h) = (
        zipLow(a, e), zipHigh(a, e), zipLow(b, f), zipHigh(b, f), zipLow(c, g), zipHigh(c, g), zipLow(d, h),
        zipHigh(d, h)
      )
    }
    store(a, 0)
    store(b, 1)
    store(c, 2)
    store(d, 3)
    store(e, 4)
    store(f, 5)
    store(g, 6)
    store(h, 7)
  }
#else
  private typealias Line = SIMD4<Float>

  /// The side of the square that `transposeBlock` transposes.
  let transposeSide = 4

  @inline(__always)
  private func zipLow(_ a: Line, _ b: Line) -> Line { Line(a[0], b[0], a[1], b[1]) }

  @inline(__always)
  private func zipHigh(_ a: Line, _ b: Line) -> Line { Line(a[2], b[2], a[3], b[3]) }

  /// y[i · yStride + j] ← x[j · xStride + i] for i, j < 4, in two steps of a perfect shuffle as for the larger square.
  @inline(__always)
  func transposeBlock(_ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>, _ yStride: Int) {
    @inline(__always) func line(_ j: Int) -> Line { UnsafeRawPointer(x + j * xStride).loadUnaligned(as: Line.self) }
    @inline(__always) func store(_ value: Line, _ i: Int) {
      UnsafeMutableRawPointer(y + i * yStride).storeBytes(of: value, as: Line.self)
    }
    var (a, b, c, d) = (line(0), line(1), line(2), line(3))
    for _ in 0..<2 { (a, b, c, d) = (zipLow(a, c), zipHigh(a, c), zipLow(b, d), zipHigh(b, d)) }
    store(a, 0)
    store(b, 1)
    store(c, 2)
    store(d, 3)
  }
#endif
