// The namespace of the naive twins, and the types they compute with: Float, or Double as the tests' oracle.
// Read next: ReferenceMatMul.swift; the other twins can be read in any order.

import Foundation

/// The naive twin of every kernel: plain loops over arrays that define what the kernel computes.
///
/// Arrays are row-major. Comments give their shapes in brackets; the sizes are arguments. Every twin is generic over `Float` and
/// `Double`. `@specialized` makes the Double version, which the tests use, fast even when a debug build calls it.
package enum Reference {}

/// A number type with the elementary functions: `Float` or `Double`.
package protocol ReferenceScalar: BinaryFloatingPoint {
  /// eˣ
  static func exp(_ x: Self) -> Self
  /// ln x
  static func log(_ x: Self) -> Self
  /// tanh x
  static func tanh(_ x: Self) -> Self
  /// eˣ − 1
  static func expm1(_ x: Self) -> Self
  /// ln(1 + x)
  static func log1p(_ x: Self) -> Self
  /// sin x
  static func sin(_ x: Self) -> Self
  /// cos x
  static func cos(_ x: Self) -> Self
  /// xʸ
  static func pow(_ x: Self, _ y: Self) -> Self
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
  /// eˣ − 1
  package static func expm1(_ x: Float) -> Float { Foundation.expm1(x) }
  /// ln(1 + x)
  package static func log1p(_ x: Float) -> Float { Foundation.log1p(x) }
  /// sin x
  package static func sin(_ x: Float) -> Float { Foundation.sin(x) }
  /// cos x
  package static func cos(_ x: Float) -> Float { Foundation.cos(x) }
  /// xʸ
  package static func pow(_ x: Float, _ y: Float) -> Float { Foundation.pow(x, y) }
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
  /// eˣ − 1
  package static func expm1(_ x: Double) -> Double { Foundation.expm1(x) }
  /// ln(1 + x)
  package static func log1p(_ x: Double) -> Double { Foundation.log1p(x) }
  /// sin x
  package static func sin(_ x: Double) -> Double { Foundation.sin(x) }
  /// cos x
  package static func cos(_ x: Double) -> Double { Foundation.cos(x) }
  /// xʸ
  package static func pow(_ x: Double, _ y: Double) -> Double { Foundation.pow(x, y) }
  /// erf x
  package static func erf(_ x: Double) -> Double { Foundation.erf(x) }
}
