// Comparisons, which produce masks, and selection by a mask. Read first: Arithmetic.swift.
//
// A mask is a tensor of ones and zeros. Masks are combined with `*` (and), `maximum` (or) and `1 −` (not), counted with
// `sum`, and passed to attention and losses as they are. No gradient flows through comparisons.

import ApusBase
import ApusKernelTypes
import ApusKernels

/// 1 where a = b, else 0; broadcast. NaN equals nothing.
public func equal(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.equal, "equal", a, b) }

/// 1 where a ≠ b, else 0; broadcast. NaN differs from everything, itself included.
public func notEqual(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.notEqual, "notEqual", a, b) }

/// 1 where a < b, else 0; broadcast.
public func less(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.less, "less", a, b) }

/// 1 where a ≤ b, else 0; broadcast.
public func lessEqual(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.lessEqual, "lessEqual", a, b) }

/// 1 where a > b, else 0; broadcast.
public func greater(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.less, "greater", b, a) }

/// 1 where a ≥ b, else 0; broadcast.
public func greaterEqual(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.combine(.lessEqual, "greaterEqual", b, a) }

/// 1 where x = number, else 0.
public func equal(_ x: Tensor, _ number: Float) -> Tensor { equal(x, Tensor(number)) }

/// 1 where x ≠ number, else 0.
public func notEqual(_ x: Tensor, _ number: Float) -> Tensor { notEqual(x, Tensor(number)) }

/// 1 where x < number, else 0.
public func less(_ x: Tensor, _ number: Float) -> Tensor { less(x, Tensor(number)) }

/// 1 where x ≤ number, else 0.
public func lessEqual(_ x: Tensor, _ number: Float) -> Tensor { lessEqual(x, Tensor(number)) }

/// 1 where x > number, else 0.
public func greater(_ x: Tensor, _ number: Float) -> Tensor { greater(x, Tensor(number)) }

/// 1 where x ≥ number, else 0.
public func greaterEqual(_ x: Tensor, _ number: Float) -> Tensor { greaterEqual(x, Tensor(number)) }

/// a where the mask is not 0, b elsewhere (PyTorch's `where`); broadcast.
///
/// Elements that are not selected, even NaN, affect neither the result nor the gradients. Their own gradient is 0.
///
/// - Parameters:
///   - mask: ones and zeros, as comparisons produce them; no gradient flows to it.
///   - a: selected where the mask is not 0.
///   - b: selected where the mask is 0.
/// - Returns: the shape that all three broadcast to.
/// - Complexity: one pass. Scalars are not expanded; other operands that broadcast are expanded first.
/// - Precondition: the shapes broadcast.
public func select(_ mask: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  guard
    let shape = Shape.broadcast(a.shape, b.shape).flatMap({ Shape.broadcast(mask.shape, $0) })
  else {
    requirementFailure(
      "select: mask \(mask.shape), a \(a.shape) and b \(b.shape) do not broadcast (sizes must be equal, or one of them 1)"
    )
  }
  let isNumber = (a: a.elementCount == 1, b: b.elementCount == 1)
  let condition = mask.detached.broadcast(to: shape)
  let first = isNumber.a ? a.detached : a.detached.broadcast(to: shape)
  let second = isNumber.b ? b.detached : b.detached.broadcast(to: shape)
  let result = Tensor(uninitialized: shape) { c in
    read(condition, first, second) { mask, a, b in
      Kernels.current.select(
        mask, BroadcastRows(a, rowStride: 0, isRow: !isNumber.a), BroadcastRows(b, rowStride: 0, isRow: !isNumber.b), c,
        count: shape.elementCount, Kernels.schedule)
    }
  }
  return result.recorded("select") {
    wrt(a) { [shape = a.shape] dc in select(condition, dc, 0).summed(to: shape) }
    wrt(b) { [shape = b.shape] dc in select(condition, 0, dc).summed(to: shape) }
  }
}

/// a where the mask is not 0, `number` elsewhere; broadcast.
public func select(_ mask: Tensor, _ a: Tensor, _ number: Float) -> Tensor { select(mask, a, Tensor(number)) }

/// `number` where the mask is not 0, b elsewhere; broadcast.
public func select(_ mask: Tensor, _ number: Float, _ b: Tensor) -> Tensor { select(mask, Tensor(number), b) }
