// The code of the tour's chapter on the GPT: Docs/Tour/08-the-gpt.md.

import Apus

/// - Returns: the text that a small trained model generates.
func tinyGPTExample() throws -> String {
  // snippet: TinyGPT
  let text = String(repeating: "a swift flies over the old house and sleeps in the air. ", count: 30)
  let tokenizer = CharacterTokenizer(alphabetOf: text)
  let corpus = try TokenCorpus(text: text, tokenizer: tokenizer, contextLength: 32)

  let model = withSeed(1) {
    GPT(.init(vocabularySize: tokenizer.vocabularySize, contextLength: 32, layers: 2, heads: 2, width: 32))
  }
  let optimizer = AdamW(model.parameters, learningRate: 3e-3)
  let generator = RandomGenerator(seed: 1)
  for _ in 0..<150 {
    let (inputs, targets) = corpus.batch(.training, size: 8, length: 32, using: generator)
    let (_, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
    optimizer.step(gradients.clipped(toNorm: 1))
  }
  // end snippet

  // snippet: TinyGPTSample
  let prompt = try tokenizer.encode("a swift ")
  let tokens = model.generate(prompt: prompt, count: 24, sampler: .greedy)
  let written = try tokenizer.decode(tokens)
  // end snippet
  return written
}
