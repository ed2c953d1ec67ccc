// The code of the tour does what its chapters say. Read first: ExamplesTests.swift, which compares the text.

import Apus
import Foundation
import Testing

@Suite struct TourTests {
  @Test func runningAttentionIsAttention() {
    let (length, size) = (37, 5)
    let (q, k, v) = withSeed(3) {
      (
        Tensor.randomNormal([1, 1, length, size]), Tensor.randomNormal([1, 1, length, size]) * 3,
        Tensor.randomNormal([1, 1, length, size])
      )
    }
    let plain = plainAttention(q, k, v).scalars
    let ours = scaledDotProductAttention(query: q, key: k, value: v).scalars
    #expect(zip(plain, ours).allSatisfy { abs($0 - $1) < 1e-5 })

    let scores = (q.matmul(k, transposing: .second) / Float(size).squareRoot()).scalars
    let values = (0..<length).map { row in Array(v.scalars[row * size..<(row + 1) * size]) }
    for row in 0..<length {
      var running = RunningAttention(valueSize: size)
      for start in stride(from: 0, to: length, by: 8) {
        let block = start..<min(length, start + 8)
        running.add(scores: block.map { scores[row * length + $0] }, values: Array(values[block]))
      }
      #expect(zip(running.result, plain[(row * size)...]).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func modulesHaveNamesAndCanBeCopied() throws {
    let result = try moduleExample(IndexTensor([1, 2, 3, 999, 0, 7], shape: [2, 3]))
    #expect(
      result.names == ["words.weight", "hidden.weight", "hidden.bias", "output.weight", "output.bias", "temperature"])
    #expect(result.answer == result.copied)
  }

  @Test func aTinyGPTWrites() throws {
    #expect(try tinyGPTExample().hasPrefix("flies over the old house"))
  }

  @Test func theLaddersLowestRungsAreProducts() {
    let (m, n, k) = (7, 19, 13)
    let (a, b) = withSeed(5) { (Tensor.randomNormal([m, k]), Tensor.randomNormal([k, n])) }
    let expected = a.matmul(b).scalars
    for product in [naiveProduct, orderedProduct] {
      let c = product(a.scalars, b.scalars, m, n, k)
      #expect(c.count == m * n && zip(c, expected).allSatisfy { abs($0 - $1) < 1e-5 })
    }
  }

  @Test func aFamilyOfOnesOwnLoads() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-tour-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let result = try loadingExample(in: folder)
    #expect(result.saved == result.loaded && result.saved.count == 6)
    #expect(result.gradients == ["embeddings.weight", "classifier.weight", "classifier.bias"])
    #expect(result.losses[1] < result.losses[0] / 2 && result.losses[1] == result.losses[2])
  }

  @Test func aServiceAnswersEveryCaller() async {
    func embedder() -> SentenceEmbedder {
      withSeed(7) {
        SentenceEmbedder(
          BERT(
            .init(
              vocabularySize: 50, contextLength: 16, layers: 1, heads: 2, width: 8, intermediateSize: 16, dropout: 0)))
      }
    }
    let texts = (0..<40).map { text -> [Int32] in
      let first = 1 + text
      return (0...text % 9).map { Int32(first + $0) }
    }
    let expected = texts.map { embedder()(IndexTensor($0, shape: [1, $0.count])).scalars }
    let service = VectorService(embedder())
    let answers = await withTaskGroup(of: (Int, [Float]).self) { group in
      for (index, ids) in texts.enumerated() { group.addTask { (index, await service.vector(of: ids)) } }
      return await group.reduce(into: [Int: [Float]]()) { $0[$1.0] = $1.1 }
    }
    for (index, vector) in expected.enumerated() {
      #expect(zip(answers[index] ?? [], vector).allSatisfy { abs($0 - $1) < 1e-5 })
      #expect(answers[index]?.count == vector.count)
    }
    #expect((1...texts.count).contains(await service.batches))
  }

  @Test func aSmallViTTellsRowsFromColumns() {
    #expect(viTExample() >= 29)
  }

  @Test func textsShareTheProbabilityOfAPicture() {
    let model = withSeed(1) {
      CLIP(
        .init(
          text: .init(vocabularySize: 9, contextLength: 4, layers: 1, heads: 2, width: 8, intermediateSize: 8, end: 8),
          vision: .init(imageSize: 4, patchSize: 2, layers: 1, heads: 2, width: 8, intermediateSize: 8), projection: 6))
    }
    let texts = IndexTensor([1, 2, 8, 3, 4, 8, 5, 6, 8], shape: [3, 3])
    let probabilities = clipExample(model, pixels: withSeed(2) { .randomNormal([1, 3, 4, 4]) }, texts: texts)
    #expect(probabilities.shape == [1, 3] && abs(probabilities.sum().scalar - 1) < 1e-5)
  }

  @Test func walksAreTheLibrarysOperations() {
    let walks = walkExample()
    #expect(walks == libraryWalkExample())
    #expect(walks[0] == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11] && walks[4] == [0, 5, 10])
    let (repeated, overlapping) = adjointExample()
    #expect(repeated == [5, 5, 5] && overlapping == [1, 2, 2, 1])
    let values = valueExample()
    #expect(values.original == 0 && values.copy == 1)
  }
}
