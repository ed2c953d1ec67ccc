// Loops that measure what a machine can do at best. Read next: ApusKernels/MachineLimits.swift, which times them.

/// Probes of the machine's limits.
package protocol ProbeKernels {
  /// Multiply–adds in each round of `multiplyAddProbe`.
  static var multiplyAddsPerRound: Int { get }

  /// Multiply–adds from registers, without memory; the result keeps the compiler from leaving them out.
  static func multiplyAddProbe(rounds: Int) -> Float

  /// The sum of x [count], read once from end to end.
  static func readProbe(_ x: UnsafePointer<Float>, count: Int) -> Float
}
