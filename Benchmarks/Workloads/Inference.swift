// Workloads: prefill and decoding with GPT-2 small and random weights.
// Read next: ApusLanguage/GPT/GPT+Generation.swift.

import ApusGeneration
import ApusLanguage
import ApusNN
import ApusTensor
import ApusText

let inferenceWorkloads: [Workload] = [
  prefill("prefill_gpt2_124m_512", isLastOnly: false),
  prefill("prefill_gpt2_124m_512_last", isLastOnly: true),
  prefill("prefill_gpt2_124m_512_prepacked", isLastOnly: false, isPrepacked: true),
  prefill("prefill_gpt2_124m_512_last_prepacked", isLastOnly: true, isPrepacked: true),
  decode(),
]

/// The numbers of weights in the blocks and in the output layer.
private let gpt2 = GPT.Configuration.gpt2
private let blockWeights = Double(gpt2.layers * 12 * gpt2.width * gpt2.width)
private let headWeights = Double(gpt2.vocabularySize * gpt2.width)

/// Prefill with 512 tokens: computes the logits of all tokens, or fills the caches and computes those of the last
/// token.
private func prefill(_ name: String, isLastOnly: Bool, isPrepacked: Bool = false) -> Workload {
  let tokens = 512.0
  let attention = Double(gpt2.layers * 2 * 2 * gpt2.width) * (tokens + 1) / 2
  return Workload(
    name: name, limit: .multiplyAdds,
    operations: tokens * (2 * blockWeights + attention) + 2 * headWeights * (isLastOnly ? 1 : tokens),
    items: ("tokens/s", tokens),
    prepare: { _ in
      let (model, ids) = withSeed(1) { (GPT(gpt2), randomTokens([1, 512], below: gpt2.vocabularySize)) }
      if isPrepacked {
        model.prepack()
        model.tokenEmbedding.prepack()
      }
      guard isLastOnly else { return { _ = model(ids) } }
      let state = model.makeState(capacity: 512)
      return {
        state.truncate(to: 0)
        _ = model.logits(after: ids, state: state, isLastOnly: true)
      }
    })
}

/// Decodes 64 tokens one by one from an empty cache. It is bound by reading all weights for each token.
private func decode() -> Workload {
  let tokens = 64.0
  return Workload(
    name: "decode_gpt2_124m_64", limit: .memory, operations: tokens * 2 * (blockWeights + headWeights),
    bytes: tokens * 4 * (blockWeights + headWeights), items: ("tokens/s", tokens),
    prepare: { _ in
      let model = withSeed(1) { GPT(gpt2) }
      let state = model.makeState(capacity: 64)
      let sampler = Sampler.greedy
      return {
        state.truncate(to: 0)
        var token: Int32 = 0
        for _ in 0..<64 {
          let scores = model.logits(after: IndexTensor([token], shape: [1, 1]), state: state, isLastOnly: true)
          token = Int32(sampler(scores.scalars, using: .current))
        }
      }
    })
}
