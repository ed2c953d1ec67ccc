// The code of the tour's chapters on the Transformer and on generation: Docs/Tour/09-the-transformer.md,
// 12-generation.md.

import Apus

/// - Returns: what a small Transformer writes for 3 1 4 1 5, which should be 5 1 4 1 3, and where it looks.
func reversingExample() throws -> (digits: [Int32], positions: [Int32]) {
  // snippet: Reversing
  let stacks = { Transformer(width: 32, heads: 4, layers: 1, intermediateSize: 64, isPreNorm: true, dropout: 0) }
  let model = withSeed(1) { TextTransformer(vocabularySize: 12, width: 32, stacks: stacks(), dropout: 0) }
  let optimizer = AdamW(model.parameters, learningRate: 3e-3)
  let generator = RandomGenerator(seed: 2)
  for _ in 0..<300 {
    // Sequences of five digits, encoded as 2 … 11; 0 is the start token of the output.
    let rows = (0..<16).map { _ in generator.integers(count: 5, below: 10).map { Int32($0) + 2 } }
    let source = IndexTensor(rows.flatMap { $0 }, shape: [16, 5])
    let target = IndexTensor(rows.flatMap { $0.reversed() }, shape: [16, 5])
    let start = IndexTensor(rows.flatMap { [0] + $0.reversed().dropLast() }, shape: [16, 5])
    let (_, gradients) = valueAndGradients { crossEntropy(model(source, start), target) }
    optimizer.step(gradients.clipped(toNorm: 1))
  }
  let sequences = try model.generate(reading: [[5, 3, 6, 3, 7]], settings: GenerationSettings(maximumNewTokens: 5))
  let digits = sequences[0].newIDs.map { $0 - 2 }
  // end snippet
  // snippet: LookingInside
  let record = ForwardRecord(keepsAttentionWeights: true)
  let (source, target) = (IndexTensor([5, 3, 6, 3, 7], shape: [1, 5]), IndexTensor([0, 7, 3, 6, 3], shape: [1, 5]))
  _ = model(source, target, observer: record.observer)
  let weights = record.crossAttentionWeights[0]  // [batch, heads, queries, keys]
  let positions = weights.mean(along: 1).argMax(along: -1).indices
  // end snippet
  return (digits, positions)
}

// snippet: SpeculativeDraw
/// A draw from p by means of a draw from q: the token, and whether the proposal from q was accepted.
func speculativeDraw(_ p: [Double], _ q: [Double], _ uniform: () -> Double) -> (token: Int, isTaken: Bool) {
  func draw(_ weights: [Double]) -> Int {
    var rest = uniform() * weights.reduce(0, +)
    return weights.firstIndex {
      rest -= $0
      return rest < 0
    } ?? weights.count - 1
  }
  let proposal = draw(q)
  if uniform() * q[proposal] < p[proposal] { return (proposal, true) }
  return (draw(zip(p, q).map { max(0, $0 - $1) }), false)
}
// end snippet
