// Gradient rows of attention: masks, key lengths, grouped-query heads, biases. Read first: GradientTable.swift.
// Read next: GradientTests.swift.

import ApusTensor
import ApusTesting

extension GradientTable {
  /// The sizes of one attention call: batch, heads, queries, keys and head size.
  private struct Sizes {
    var batch = 2
    var heads = 2
    var keyHeads: Int?
    var queries = 3
    var keys = 4
    var size = 3
    var valueSize: Int?

    /// Query, key and value with an axis for the heads.
    var split: [Tensor] {
      let groups = keyHeads ?? heads
      return [
        Samples.normal([batch, heads, queries, size], seed: 30), Samples.normal([batch, groups, keys, size], seed: 31),
        Samples.normal([batch, groups, keys, valueSize ?? size], seed: 32),
      ]
    }

    /// Query, key and value with all heads in the last axis.
    var merged: [Tensor] {
      let groups = keyHeads ?? heads
      return [
        Samples.normal([batch, queries, heads * size], seed: 33),
        Samples.normal([batch, keys, groups * size], seed: 34),
        Samples.normal([batch, keys, groups * (valueSize ?? size)], seed: 35),
      ]
    }
  }

  /// Checks all coordinates of the small inputs: errors in masks affect single elements.
  private static let everyCoordinate = GradientCheckOptions(coordinateLimit: 80)

  /// Both forms of attention with the same sizes and mask.
  private static func both(_ details: String, _ sizes: Sizes, _ mask: AttentionMask, scale: Float? = nil)
    -> [GradientRow]
  {
    [
      GradientRow("attention", "\(details), heads split", at: sizes.split, options: everyCoordinate) {
        scaledDotProductAttention(query: $0[0], key: $0[1], value: $0[2], mask: mask, scale: scale)
      },
      GradientRow("attention", "\(details), heads merged", at: sizes.merged, options: everyCoordinate) {
        attention(
          query: $0[0], key: $0[1], value: $0[2], heads: sizes.heads, keyHeads: sizes.keyHeads, mask: mask, scale: scale
        )
      },
    ]
  }

  /// Attention with a differentiated bias, whose shape broadcasts to [batch, heads, queries, keys].
  private static func biased(
    _ shape: Shape, _ sizes: Sizes, _ mask: AttentionMask = .none, _ details: String = "no mask"
  ) -> GradientRow {
    GradientRow(
      "attention", "bias with gradient, \(details)", at: sizes.split + [Samples.normal(shape, seed: 36)],
      options: everyCoordinate
    ) {
      var mask = mask
      mask.bias = $0[3]
      return scaledDotProductAttention(query: $0[0], key: $0[1], value: $0[2], mask: mask)
    }
  }

  /// Hides key 1 from all queries, and key 3 from the first.
  private static let hiding: Tensor = {
    var scores = [Float](repeating: 0, count: 12)
    for hidden in [1, 3, 5, 9] { scores[hidden] = -.infinity }
    return Tensor(scores, shape: [3, 4])
  }()

  /// The same for the second head. In the first head, the second query attends to no key, the others to all keys.
  private static let allowed: Tensor = {
    var flags = [Float](repeating: 1, count: 24)
    for hidden in [4, 5, 6, 7, 13, 15, 17, 21] { flags[hidden] = 0 }
    return Tensor(flags, shape: [1, 2, 3, 4])
  }()

  static let attentions: [GradientRow] = [
    both("no mask", Sizes(), .none),
    both("a scale", Sizes(), .none, scale: 0.3),
    both("one key", Sizes(keys: 1), .none),
    both("one query", Sizes(queries: 1), .none),
    both("values of another size", Sizes(valueSize: 5), .none),
    both("grouped heads", Sizes(batch: 1, heads: 4, keyHeads: 2), .none),
    both("one key head", Sizes(batch: 1, heads: 3, keyHeads: 1), .causal),
    both("causal", Sizes(queries: 4, keys: 4), .causal),
    both("causal, fewer queries, top left", Sizes(queries: 3, keys: 5), .causal),
    both("causal, fewer queries, bottom right", Sizes(queries: 3, keys: 5), AttentionMask(causalOffset: 2)),
    both("causal, fewer keys", Sizes(queries: 5, keys: 3), .causal),
    both("causal, queries that see nothing", Sizes(queries: 4, keys: 3), AttentionMask(causalOffset: -2)),
    both("lengths", Sizes(), AttentionMask(keyLengths: [4, 2])),
    both("lengths, one of them 0", Sizes(), AttentionMask(keyLengths: [0, 3])),
    both("lengths and causal", Sizes(queries: 4), AttentionMask(causalOffset: 0, keyLengths: [3, 1])),
    both("a constant bias that hides", Sizes(), AttentionMask(bias: hiding)),
    both("allowed keys", Sizes(), AttentionMask(allowed: allowed)),
    both("padding on the left", Sizes(), .padding(Tensor([0, 1, 1, 1, 0, 0, 1, 1], shape: [2, 4]))),
    both(
      "padding on the left, causal", Sizes(queries: 4),
      AttentionMask(causalOffset: 0, allowed: Tensor([0, 1, 1, 1, 0, 0, 1, 1], shape: [2, 1, 1, 4]))),
    both("several tiles", Sizes(batch: 1, queries: 70, keys: 75, size: 5), .none),
    both("several tiles, causal", Sizes(batch: 1, queries: 75, keys: 75, size: 5), .causal),
    both(
      "several tiles, everything", Sizes(heads: 4, keyHeads: 2, queries: 40, keys: 70, size: 17, valueSize: 9),
      AttentionMask(causalOffset: 30, keyLengths: [70, 33], bias: Samples.normal([40, 70], seed: 37))),
    [
      biased([3, 4], Sizes()), biased([2, 1, 3, 4], Sizes()), biased([2, 3, 4], Sizes()), biased([1, 4], Sizes()),
      biased([2, 2, 3, 4], Sizes()), biased([2, 1, 1], Sizes()), biased([4], Sizes()),
      biased([4, 1, 4], Sizes(heads: 4, keyHeads: 2)), biased([4, 4], Sizes(queries: 4), .causal, "causal"),
      biased([2, 1, 3, 4], Sizes(), AttentionMask(keyLengths: [2, 4]), "lengths"),
      biased([2, 1, 3, 4], Sizes(), AttentionMask(allowed: allowed), "allowed keys"),
      biased([2, 70, 70], Sizes(queries: 70, keys: 70), .causal, "causal"),
    ],
  ].flatMap { $0 }

  static let selfAttentions: [GradientRow] = [
    projected("causal", [2, 4, 12], heads: 2, .causal),
    projected("no mask", [2, 4, 12], heads: 2, .none),
    projected("one head", [1, 5, 6], heads: 1, .causal),
    projected("one position", [2, 1, 12], heads: 2, .none),
    projected("lengths", [2, 4, 12], heads: 2, AttentionMask(causalOffset: 0, keyLengths: [4, 2])),
    projected("several tiles", [1, 80, 30], heads: 2, .causal),
    GradientRow(
      "selfAttention", "bias with gradient",
      at: [Samples.normal([2, 3, 12], seed: 38), Samples.normal([2, 3, 3], seed: 39)],
      options: everyCoordinate
    ) { selfAttention($0[0], heads: 2, mask: AttentionMask(causalOffset: 0, bias: $0[1])) },
  ]

  static let rotations: [GradientRow] = [RotaryPairing.halves, .neighbors].flatMap { pairing in
    [
      rotation("\(pairing)", [2, 3, 8], heads: 2, angles: [3, 2], pairing),
      rotation("\(pairing), angles of every sequence", [2, 3, 4], heads: 1, angles: [2, 3, 2], pairing),
      rotation("\(pairing), a part of each head", [1, 4, 15], heads: 3, angles: [4, 1], pairing),
      rotation("\(pairing), no angles", [1, 2, 6], heads: 2, angles: [2, 0], pairing),
    ]
  }

  private static func rotation(
    _ details: String, _ shape: Shape, heads: Int, angles: Shape, _ pairing: RotaryPairing
  ) -> GradientRow {
    let (cosines, sines) = (Samples.normal(angles, seed: 42), Samples.normal(angles, seed: 43))
    return GradientRow("rotated", details, at: [Samples.normal(shape, seed: 41)]) {
      $0[0].rotated(heads: heads, cosines: cosines, sines: sines, pairing: pairing).tanh()
    }
  }

  private static func projected(_ details: String, _ shape: Shape, heads: Int, _ mask: AttentionMask) -> GradientRow {
    GradientRow("selfAttention", details, at: [Samples.normal(shape, seed: 40)], options: everyCoordinate) {
      selfAttention($0[0], heads: heads, mask: mask, scale: 0.5)
    }
  }
}
