// Workloads: encoders with random weights on one and sixteen sequences of 128 tokens.
// Read next: ApusLanguage/BERT/BERT.swift.

import ApusLanguage
import ApusNN
import ApusTensor

let encodingWorkloads: [Workload] = [
  encode("encode_bert_base", .base, batch: 1),
  encode("encode_bert_base", .base, batch: 16),
  encode("encode_minilm", .miniLM, batch: 1),
  encode("encode_minilm", .miniLM, batch: 16),
  encode("encode_minilm", .miniLM, batch: 1, isPrepacked: true),
]

/// Computes the last hidden states of a batch without padding.
private func encode(_ name: String, _ sizes: BERT.Configuration, batch: Int, isPrepacked: Bool = false) -> Workload {
  let (length, width) = (128, Double(sizes.width))
  let weights = Double(sizes.layers) * (4 * width * width + 2 * width * Double(sizes.intermediateSize))
  let attention = Double(sizes.layers) * 4 * width * Double(length)
  return Workload(
    name: "\(name)_b\(batch)t\(length)" + (isPrepacked ? "_prepacked" : ""), limit: .multiplyAdds,
    operations: Double(batch * length) * (2 * weights + attention), items: ("texts/s", Double(batch)),
    prepare: { _ in
      let (model, ids) = withSeed(1) { (BERT(sizes), randomTokens([batch, length], below: sizes.vocabularySize)) }
      if isPrepacked { model.prepack() }
      return { _ = model(ids) }
    })
}
