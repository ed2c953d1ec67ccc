// The README's examples: a network that learns XOR, is saved and loaded again; published models.

// snippet: Embedding
import Apus
import Foundation

// end snippet

/// - Returns: the last loss, and the logits of the network and of its saved copy.
func embeddingExample() throws -> (loss: Float, scores: [Float], savedScores: [Float]) {
  // snippet: Embedding
  // Four examples, two classes.
  let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  let targets = IndexTensor([0, 1, 1, 0])

  let model = withSeed(1) { MLP(.init(sizes: [2, 8, 2], activation: .tanh)) }
  let optimizer = AdamW(model.parameters, learningRate: 0.05)
  for step in 1...300 {
    let (loss, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
    optimizer.step(gradients.clipped(toNorm: 1))
    if step % 100 == 0 { print("step \(step): loss \(loss.scalar)") }
  }
  print(model)

  // Save the weights, and load them into another model of the same configuration.
  let file = FileManager.default.temporaryDirectory.appendingPathComponent("xor.safetensors")
  try SafetensorsWriter.write(model.stateDictionary.entries, to: file)

  let copy = MLP(model.configuration)
  try copy.load(StateDictionary(SafetensorsFile(contentsOf: file).tensors()))
  print(copy(inputs).softmax())
  // end snippet
  let loss = crossEntropy(model(inputs), targets).scalar
  return (loss, model(inputs).scalars, copy(inputs).scalars)
}

func publishedExample(miniLM: URL, gpt2: URL) async throws {
  // snippet: Published
  // Sentence embeddings, and their similarities.
  let embedder = try SentenceEmbedder(contentsOf: miniLM)
  let pieces = try Tokenizer(folder: miniLM)
  let vectors = try embedder.vectors(of: ["A cat sits outside.", "A feline is resting outdoors."], pieces)  // [2, 384]
  print(vectors.matmul(vectors, transposing: .second))

  // Text generation, token by token.
  let model = try GPT.load(contentsOf: gpt2)
  let tokenizer = try Tokenizer(folder: gpt2)
  let prompt = try tokenizer.encode("The swift is a bird that").ids
  let settings = GenerationSettings(maximumNewTokens: 50, sampler: Sampler(temperature: 0.8, topP: 0.95))
  var text = tokenizer.streamingDecoder(continuing: prompt)
  for await token in try model.stream(prompt, settings: settings) { print(text.append(token), terminator: "") }
  print(text.finish())
  // end snippet
}
