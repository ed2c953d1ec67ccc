// Reading a prompt and generating tokens, GPT-2 small with random weights. Read next: ApusModels/GPT/GPT+Generation.swift.

import ApusModels
import ApusNN
import ApusTensor

let inferenceWorkloads: [Workload] = [
  prefill("prefill_gpt2_124m_512", isLastOnly: false),
  prefill("prefill_gpt2_124m_512_last", isLastOnly: true),
  prefill("prefill_gpt2_124m_512_prepacked", isLastOnly: false, isPrepacked: true),
  prefill("prefill_gpt2_124m_512_last_prepacked", isLastOnly: true, isPrepacked: true),
  decode(),
]

/// Weights of the blocks, and of the output layer.
private let gpt2 = GPT.Configuration.gpt2
private let blockWeights = Double(gpt2.layers * 12 * gpt2.width * gpt2.width)
private let headWeights = Double(gpt2.vocabularySize * gpt2.width)

/// A prompt of 512 tokens: the logits of every token, or, as before generation, of the last one with the caches filled.
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

/// 64 tokens, one after the other, from an empty cache: bound by reading all weights for each of them.
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
