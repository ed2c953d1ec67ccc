// The namespace of the naive twins, and the numbers that they compute with: Float, or Double as the tests' oracle.
// Read next: ReferenceMatMul.swift, the shortest twin; every other file here is read on its own.

import Foundation

/// The naive twin of every kernel: plain loops over plain arrays that say what a kernel computes, not how.
///
/// Arrays are row-major. Shapes stand in brackets and their sizes are arguments. Every twin is generic over `Float`
/// and `Double`; `@specialized` keeps the Double one, which the tests use, fast when it is called from a debug build.
package enum Reference {}

/// A number type with the elementary functions: `Float` or `Double`.
package protocol ReferenceScalar: BinaryFloatingPoint {
  /// eˣ
  static func exp(_ x: Self) -> Self
  /// ln x
  static func log(_ x: Self) -> Self
  /// tanh x
  static func tanh(_ x: Self) -> Self
  /// erf x = 2/√π · ∫₀ˣ e^(−t²) dt
  static func erf(_ x: Self) -> Self
}

extension Float: ReferenceScalar {
  /// eˣ
  package static func exp(_ x: Float) -> Float { Foundation.exp(x) }
  /// ln x
  package static func log(_ x: Float) -> Float { Foundation.log(x) }
  /// tanh x
  package static func tanh(_ x: Float) -> Float { Foundation.tanh(x) }
  /// erf x
  package static func erf(_ x: Float) -> Float { Foundation.erf(x) }
}

extension Double: ReferenceScalar {
  /// eˣ
  package static func exp(_ x: Double) -> Double { Foundation.exp(x) }
  /// ln x
  package static func log(_ x: Double) -> Double { Foundation.log(x) }
  /// tanh x
  package static func tanh(_ x: Double) -> Double { Foundation.tanh(x) }
  /// erf x
  package static func erf(_ x: Double) -> Double { Foundation.erf(x) }
}
