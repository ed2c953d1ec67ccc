// Matrix products. Read first: ApusKernelsReference/ReferenceMatMul.swift. Read next: MatrixView.swift, Linear.swift.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// The operand of a matrix product that is read transposed, without a copy.
public enum Side: Sendable {
  case first, second
}

/// The sizes of a (batched) product, checked in one place.
struct MatMulPlan {
  let (m, n, k): (Int, Int, Int)
  let resultShape: Shape
  let (aTransposed, bTransposed): (Bool, Bool)
  /// The leading axes of the result and of each operand; 1 where the operand is repeated or lacks the axis.
  private let (leading, aLeading, bLeading): ([Int], [Int], [Int])

  /// Creates a plan for [.., M, K] · [.., K, N], either of which may be transposed; the leading axes broadcast.
  init(_ a: Shape, _ b: Shape, transposing side: Side?) {
    require(a.rank >= 2 && b.rank >= 2, "matmul: shapes \(a) · \(b) (expected at least two axes each)")
    let (aRows, aColumns) = (a[a.rank - 2], a[a.rank - 1])
    let (bRows, bColumns) = (b[b.rank - 2], b[b.rank - 1])
    (aTransposed, bTransposed) = (side == .first, side == .second)
    (m, k) = aTransposed ? (aColumns, aRows) : (aRows, aColumns)
    let inner = bTransposed ? bColumns : bRows
    n = bTransposed ? bRows : bColumns
    let mark = (aTransposed ? "ᵀ" : "", bTransposed ? "ᵀ" : "")
    require(inner == k, "matmul: inner dimensions differ: \(a)\(mark.0) · \(b)\(mark.1) (\(k) ≠ \(inner))")
    let (aBatch, bBatch) = (Shape(a.dropLast(2)), Shape(b.dropLast(2)))
    guard let batch = Shape.broadcast(aBatch, bBatch) else {
      requirementFailure("matmul: leading axes of \(a) · \(b) do not broadcast (sizes must be equal, or one of them 1)")
    }
    leading = Array(batch)
    aLeading = Array(repeating: 1, count: batch.rank - aBatch.rank) + Array(aBatch)
    bLeading = Array(repeating: 1, count: batch.rank - bBatch.rank) + Array(bBatch)
    resultShape = Shape(leading + [m, n])
  }

  /// The innermost leading axes that one kernel call covers: along them, an operand is either repeated everywhere or
  /// nowhere.
  ///
  /// `run` loops over the axes before them.
  private var evenAxes: (first: Int, aRepeats: Bool, bRepeats: Bool) {
    var first = leading.count
    var (aWhole, aOnes, bWhole, bOnes) = (true, true, true, true)
    while first > 0 {
      let axis = first - 1
      let next = (
        aWhole && aLeading[axis] == leading[axis], aOnes && aLeading[axis] == 1,
        bWhole && bLeading[axis] == leading[axis], bOnes && bLeading[axis] == 1
      )
      guard (next.0 || next.1) && (next.2 || next.3) else { break }
      (aWhole, aOnes, bWhole, bOnes) = next
      first = axis
    }
    return (first, !aWhole, !bWhole)
  }

  func run(_ a: MatrixView, _ b: MatrixView, into c: UnsafeMutablePointer<Float>) {
    let (first, aRepeats, bRepeats) = evenAxes
    let batch = leading[first...].reduce(1, *)
    let (aSize, bSize) = ((aTransposed ? k : m) * a.rowStride, (bTransposed ? n : k) * b.rowStride)
    read(a.tensor, b.tensor) { x, y in
      let (x, y) = (x + a.columns.lowerBound, y + b.columns.lowerBound)
      for outer in 0..<leading[..<first].reduce(1, *) {
        let (aIndex, bIndex) = (position(outer, in: aLeading, first), position(outer, in: bLeading, first))
        var arguments = MatMulArguments(
          m: m, n: n, k: k,
          a: MatrixOperand(
            x + aIndex * aSize, rowStride: a.rowStride, isTransposed: aTransposed,
            batchStride: aRepeats ? 0 : aSize),
          b: MatrixOperand(
            y + bIndex * bSize, rowStride: b.rowStride, isTransposed: bTransposed,
            batchStride: bRepeats ? 0 : bSize),
          c: c + outer * batch * m * n, cRowStride: n)
        arguments.batch = batch
        arguments.cBatchStride = m * n
        if bTransposed && b.isWhole { arguments.b.panels = b.tensor.transposedPanels }
        if batch > 1 && !aRepeats && bRepeats && !aTransposed {
          // The right matrix is shared by the batch: the left matrices, stacked, form one tall matrix.
          arguments.m = m * batch
          arguments.batch = 1
        }
        Kernels.current.matMul(arguments, Kernels.schedule)
      }
    }
  }

  /// The index of an operand's first matrix at index `outer` of the result's axes before `first`.
  private func position(_ outer: Int, in sizes: [Int], _ first: Int) -> Int {
    var (rest, step, result) = (outer, sizes[first...].reduce(1, *), 0)
    for axis in (0..<first).reversed() {
      if sizes[axis] > 1 { result += rest % leading[axis] * step }
      step *= sizes[axis]
      rest /= leading[axis]
    }
    return result
  }
}

extension Tensor {
  /// The matrix product A·B, batched over leading axes.
  ///
  ///     C[.., i, j] = Σₖ A[.., i, k]·B[.., k, j]
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; the leading axes broadcast with this tensor's, without copies. A vector [K] counts as a row
  ///     on the left and as a column on the right; its axis is dropped from the result.
  ///   - side: the operand that is read transposed, if any: [.., K, M] on the left or [.., N, K] on the right.
  /// - Returns: [.., M, N]
  /// - Complexity: 2·M·N·K floating-point operations per matrix.
  /// - Precondition: the inner dimensions are equal; the leading axes broadcast.
  public func matmul(_ other: Tensor, transposing side: Side? = nil) -> Tensor {
    require(rank > 0 && other.rank > 0, "matmul: shapes \(shape) · \(other.shape) (expected at least one axis each)")
    if rank == 1 { return vectorMatmul(other, side) }
    if other.rank == 1 {
      require(side != .second, "matmul: second operand \(other.shape) (a vector cannot be transposed)")
      let product = matmul(other.reshaped(to: [other.shape[0], 1]), transposing: side)
      return product.reshaped(to: Shape(product.shape.dropLast()))
    }
    return MatrixView(self).matmul(MatrixView(other), transposing: side)
  }

  private func vectorMatmul(_ other: Tensor, _ side: Side?) -> Tensor {
    require(side != .first, "matmul: first operand \(shape) (a vector cannot be transposed)")
    let row = reshaped(to: [1, shape[0]])
    if other.rank == 1 { return row.matmul(other.reshaped(to: [other.shape[0], 1])).reshaped(to: []) }
    let product = row.matmul(other, transposing: side)
    return product.reshaped(to: Shape(product.shape.dropLast(2) + [product.shape[product.rank - 1]]))
  }
}

extension MatrixView {
  /// The matrix product A·B of two views, batched over leading axes: see `Tensor.matmul`.
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes broadcast.
  ///   - side: the operand that is read transposed, if any.
  /// - Returns: [.., M, N]
  /// - Precondition: the inner dimensions are equal; the leading axes broadcast.
  public func matmul(_ other: MatrixView, transposing side: Side? = nil) -> Tensor {
    let (a, b) = (self, other)
    let plan = MatMulPlan(a.shape, b.shape, transposing: side)
    let c = Tensor(uninitialized: plan.resultShape) { plan.run(a, b, into: $0) }
    return c.recorded("matmul") {
      wrt(a) { dc in
        let dc = MatrixView(dc)
        return switch side {
        case nil: dc.matmulSummed(b, .second, to: a.shape)  // dA = dC·Bᵀ
        case .first: b.matmulSummed(dc, .second, to: a.shape)  // C = AᵀB: dA = B·dCᵀ
        case .second: dc.matmulSummed(b, nil, to: a.shape)  // C = ABᵀ: dA = dC·B
        }
      }
      wrt(b) { dc in
        let dc = MatrixView(dc)
        return switch side {
        case nil: a.matmulSummed(dc, .first, to: b.shape)  // dB = Aᵀ·dC
        case .first: a.matmulSummed(dc, nil, to: b.shape)  // C = AᵀB: dB = A·dC
        case .second: dc.matmulSummed(a, .first, to: b.shape)  // C = ABᵀ: dB = dCᵀ·A
        }
      }
    }
  }

  /// A matrix product, summed over the batch axes along which the operand of shape `shape` was repeated.
  private func matmulSummed(_ other: MatrixView, _ side: Side?, to shape: Shape) -> Tensor {
    // The gradient of a matrix that the whole batch shares is one product over batch and rows together.
    let isShared = shape.dropLast(2).reduce(1, *) == 1
    if isShared, side == .first, self.shape.rank > 2, self.shape.dropLast(2) == other.shape.dropLast(2) {
      return flattened.matmul(other.flattened, transposing: .first).reshaped(to: shape)
    }
    return matmul(other, transposing: side).summed(to: shape)
  }
}
