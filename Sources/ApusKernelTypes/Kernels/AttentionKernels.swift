// Attention, and the rotary positions of its queries and keys.
// Read next: ApusKernelsBaseline/Attention/AttentionForward.swift, Positions/Rotary.swift.

/// Attention and rotary positions.
package protocol AttentionKernels {
  /// O ← softmax(scale · Q·Kᵀ + mask) · V for every head; a query that sees no key gives zeros.
  static func attentionForward(_ arguments: AttentionForwardArguments, _ schedule: Schedule)

  /// The gradients of Q, K, V and, if wanted, of the bias, from the output's gradient and the forward's row statistics.
  static func attentionBackward(_ arguments: AttentionBackwardArguments, _ schedule: Schedule)

  /// (y₁, y₂) ← (x₁·cos − x₂·sin, x₂·cos + x₁·sin) for every pair of every head; the other features are copied.
  static func rotate(_ arguments: RotaryArguments, _ schedule: Schedule)
}
