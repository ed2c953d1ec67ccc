// Functions of one and two variables, element by element. Read next: ApusKernelsBaseline/Pointwise/PointwiseFunction.swift.

/// Kernels that compute each element of the output from the elements at the same place.
package protocol PointwiseKernels {
  /// y ← f(x), [count]; x and y may be the same.
  static func unary(
    _ operation: UnaryOperation, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule)

  /// dx ← dy · f′, [count], from what the forward saved; dx and dy may be the same.
  ///
  /// - Parameter saved: The result y where `operation.savesResult`, otherwise the input x.
  static func unaryBackward(
    _ operation: UnaryOperation, saved: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule)

  /// y ← f(x), [count], for a function with parameters; x and y may be the same.
  static func parametric(
    _ function: ParametricFunction, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, count: Int,
    _ schedule: Schedule)

  /// dx ← dy · f′(x), [count], for a function with parameters; dx and dy may be the same.
  static func parametricBackward(
    _ function: ParametricFunction, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>, count: Int, _ schedule: Schedule)

  /// c ← f(a, b), [rows, columns], with a and b broadcast along rows or columns; c may be a or b.
  static func binary(
    _ operation: BinaryOperation, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>,
    rows: Int, columns: Int, _ schedule: Schedule)

  /// y ← scale · x + offset, [count]; x and y may be the same.
  static func affine(
    _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, scale: Float, offset: Float, count: Int,
    _ schedule: Schedule)

  /// y ← y + scale · x, [count].
  static func addScaled(
    _ x: UnsafePointer<Float>, to y: UnsafeMutablePointer<Float>, scale: Float, count: Int, _ schedule: Schedule)

  /// c ← a where mask ≠ 0 (NaN included), b elsewhere, [count]; a and b may be single numbers, and c may be any of them.
  static func select(
    _ mask: UnsafePointer<Float>, _ a: BroadcastRows, _ b: BroadcastRows, _ c: UnsafeMutablePointer<Float>,
    count: Int, _ schedule: Schedule)
}
