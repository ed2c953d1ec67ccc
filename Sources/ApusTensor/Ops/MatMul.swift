// Matrix products. Read first: ApusKernelsReference/ReferenceMatMul.swift. Read next: Linear.swift.

import ApusKernelTypes
import ApusKernels

/// Which operand of a product is read transposed (without being copied).
public enum Side: Sendable {
  case first, second
}

/// The sizes of a (batched) product, checked in one place.
struct MatMulPlan {
  let (m, n, k): (Int, Int, Int)
  let batch: Int
  let resultShape: Shape
  let (aTransposed, bTransposed): (Bool, Bool)
  let (aBatchStride, bBatchStride): (Int, Int)

  /// Matrices [.., M, K] and [.., K, N] (or transposed ones); leading axes are equal, or missing or 1 on one side.
  init(_ a: Shape, _ b: Shape, transposing side: Side?) {
    require(a.rank >= 2 && b.rank >= 2, "matmul: shapes \(a) · \(b) (both need at least two axes)")
    let (aRows, aColumns) = (a[a.rank - 2], a[a.rank - 1])
    let (bRows, bColumns) = (b[b.rank - 2], b[b.rank - 1])
    (aTransposed, bTransposed) = (side == .first, side == .second)
    (m, k) = aTransposed ? (aColumns, aRows) : (aRows, aColumns)
    let inner = bTransposed ? bColumns : bRows
    n = bTransposed ? bRows : bColumns
    let mark = (aTransposed ? "ᵀ" : "", bTransposed ? "ᵀ" : "")
    require(inner == k, "matmul: inner sizes differ: \(a)\(mark.0) · \(b)\(mark.1) (\(k) ≠ \(inner))")
    let (aBatch, bBatch) = (Shape(a.dropLast(2)), Shape(b.dropLast(2)))
    guard let leading = Shape.broadcast(aBatch, bBatch) else {
      requirementFailure("matmul: leading axes of \(a) and \(b) do not broadcast")
    }
    batch = leading.elementCount
    require(
      (aBatch == leading || aBatch.elementCount == 1) && (bBatch == leading || bBatch.elementCount == 1),
      "matmul: leading axes of \(a) and \(b) broadcast in both directions (make one side whole with broadcast(to:))")
    aBatchStride = aBatch.elementCount == 1 ? 0 : m * k
    bBatchStride = bBatch.elementCount == 1 ? 0 : k * n
    var shape = leading
    shape.append(m)
    shape.append(n)
    resultShape = shape
  }

  func run(_ a: Tensor, _ b: Tensor, into c: UnsafeMutablePointer<Float>) {
    read(a, b) { x, y in
      var arguments = MatMulArguments(
        m: m, n: n, k: k,
        a: MatrixOperand(x, rowStride: aTransposed ? m : k, isTransposed: aTransposed, batchStride: aBatchStride),
        b: MatrixOperand(y, rowStride: bTransposed ? k : n, isTransposed: bTransposed, batchStride: bBatchStride),
        c: c, cRowStride: n)
      arguments.batch = batch
      arguments.cBatchStride = m * n
      if batch > 1 && aBatchStride > 0 && bBatchStride == 0 && !aTransposed {
        // One right matrix for all: the left ones, stacked, are one tall matrix.
        arguments.m = m * batch
        arguments.batch = 1
      }
      Kernels.table.matMul(arguments, Kernels.schedule)
    }
  }
}

extension Tensor {
  /// The matrix product A·B, batched over leading axes.
  ///
  ///     C[.., i, j] = Σₖ A[.., i, k]·B[.., k, j]
  ///
  /// - Parameters:
  ///   - other: [.., K, N]; leading axes equal to this tensor's, or absent or of size 1 on one side. A vector [K] is
  ///     a row on the left and a column on the right, and its axis is dropped from the result.
  ///   - side: an operand to be read transposed: [.., K, M] on the left, [.., N, K] on the right.
  /// - Returns: [.., M, N]
  /// - Complexity: 2·M·N·K operations a matrix.
  /// - Precondition: the inner sizes agree.
  public func matmul(_ other: Tensor, transposing side: Side? = nil) -> Tensor {
    require(rank > 0 && other.rank > 0, "matmul: shapes \(shape) · \(other.shape) (a single number has no axes)")
    if rank == 1 { return vectorMatmul(other, side) }
    if other.rank == 1 {
      require(side != .second, "matmul: a vector \(other.shape) cannot be transposed")
      let product = matmul(other.reshaped(to: [other.shape[0], 1]), transposing: side)
      return product.reshaped(to: Shape(product.shape.dropLast()))
    }
    let (a, b) = (self, other)
    let batches = Shape.broadcast(Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)))
    if let batches, batches.elementCount > 1 {
      // Broadcasting in both directions is rare: make both sides whole.
      let (aBatch, bBatch) = (Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)))
      let aPart = aBatch != batches && aBatch.elementCount != 1
      let bPart = bBatch != batches && bBatch.elementCount != 1
      if aPart || bPart {
        let whole = { (x: Tensor) in x.broadcast(to: Shape(Array(batches) + Array(x.shape.suffix(2)))) }
        return whole(a).matmul(whole(b), transposing: side)
      }
    }
    let plan = MatMulPlan(a.shape, b.shape, transposing: side)
    let c = Tensor(uninitialized: plan.resultShape) { plan.run(a, b, into: $0) }
    return c.recorded("matmul") {
      wrt(a) { dc in
        switch side {
        case nil: dc.matmulSummed(b, .second, to: a.shape)  // dA = dC·Bᵀ
        case .first: b.matmulSummed(dc, .second, to: a.shape)  // C = AᵀB: dA = B·dCᵀ
        case .second: dc.matmulSummed(b, nil, to: a.shape)  // C = ABᵀ: dA = dC·B
        }
      }
      wrt(b) { dc in
        switch side {
        case nil: a.matmulSummed(dc, .first, to: b.shape)  // dB = Aᵀ·dC
        case .first: a.matmulSummed(dc, nil, to: b.shape)  // C = AᵀB: dB = A·dC
        case .second: dc.matmulSummed(a, .first, to: b.shape)  // C = ABᵀ: dB = dCᵀ·A
        }
      }
    }
  }

  private func vectorMatmul(_ other: Tensor, _ side: Side?) -> Tensor {
    require(side != .first, "matmul: a vector \(shape) cannot be transposed")
    let row = reshaped(to: [1, shape[0]])
    if other.rank == 1 { return row.matmul(other.reshaped(to: [other.shape[0], 1])).reshaped(to: []) }
    let product = row.matmul(other, transposing: side)
    return product.reshaped(to: Shape(product.shape.dropLast(2) + [product.shape[product.rank - 1]]))
  }

  /// A product, summed over the batch where the operand of shape `shape` was repeated along it.
  private func matmulSummed(_ other: Tensor, _ side: Side?, to shape: Shape) -> Tensor {
    // One matrix used by a whole batch: its gradient is one product over batch and rows together.
    let isShared = shape.dropLast(2).reduce(1, *) == 1
    if isShared, side == .first, rank > 2, self.shape.dropLast(2) == other.shape.dropLast(2) {
      let rows = self.shape.dropLast().reduce(1, *)
      let flat = reshaped(to: [rows, self.shape[rank - 1]])
      let flatOther = other.reshaped(to: [rows, other.shape[other.rank - 1]])
      return flat.matmul(flatOther, transposing: .first).reshaped(to: shape)
    }
    return matmul(other, transposing: side).summed(to: shape)
  }
}
