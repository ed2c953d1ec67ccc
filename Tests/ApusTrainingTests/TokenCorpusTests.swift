// The windows of a corpus: random ones for training, all in order for validation.
// Read first: Sources/ApusTraining/Data/TokenCorpus.swift.

import ApusTensor
import ApusText
import Testing

@testable import ApusTraining

@Suite struct TokenCorpusTests {
  private func error(_ body: () throws(TokenCorpusError) -> TokenCorpus) -> String {
    do throws(TokenCorpusError) {
      _ = try body()
      return ""
    } catch {
      return error.description
    }
  }

  @Test func split() throws {
    let text = "abcdefghij"
    let tokenizer = CharacterTokenizer(alphabetOf: text)
    let corpus = try TokenCorpus(text: text, tokenizer: tokenizer, validationFraction: 0.3)
    #expect(corpus.trainingTokens == [0, 1, 2, 3, 4, 5, 6])
    #expect(corpus.validationTokens == [7, 8, 9])
    let whole = try TokenCorpus(text: text, tokenizer: tokenizer, validationFraction: 0)
    #expect(whole.trainingTokens.count == 10)
    #expect(whole.batches(of: .validation, size: 2, length: 3).isEmpty)
    // As in nanoGPT, where most published losses on this text come from.
    #expect(try TokenCorpus(tokens: [Int32](repeating: 0, count: 1_115_394)).trainingTokens.count == 1_003_854)
  }

  @Test func tooShort() throws {
    let tokens = [Int32](0..<100)
    #expect(
      error { () throws(TokenCorpusError) in try TokenCorpus(tokens: tokens, contextLength: 64) } == """
        text too short: expected at least 65 tokens for validation (context length 64 and one more), \
        found 10 of the 100 in the text
        """)
    #expect(error { () throws(TokenCorpusError) in try TokenCorpus(tokens: tokens, contextLength: 9) } == "")
    #expect(
      error { () throws(TokenCorpusError) in try TokenCorpus(tokens: [], validationFraction: 0) } == """
        text too short: expected at least 2 tokens for training (context length 1 and one more), \
        found 0 of the 0 in the text
        """)
    for fraction in [-0.1, 1, .nan, .infinity] {
      #expect(
        error { () throws(TokenCorpusError) in try TokenCorpus(tokens: tokens, validationFraction: fraction) }
          == "validation fraction: expected a number from 0 to below 1, found \(fraction)")
    }
    #expect(
      error { () throws(TokenCorpusError) in
        try TokenCorpus(text: "ax", tokenizer: CharacterTokenizer(alphabetOf: "a"))
      } == "text, line 1, character 1: expected one of the 1 characters of the vocabulary, found \"x\" (U+0078)")
  }

  @Test func randomWindows() throws {
    let corpus = try TokenCorpus(tokens: [Int32](0..<1000))
    let (inputs, targets) = corpus.batch(.training, size: 500, length: 8, using: RandomGenerator(seed: 1))
    #expect(inputs.shape == [500, 8])
    #expect(targets.shape == [500, 8])
    #expect(inputs.indices.allSatisfy { (0..<899).contains($0) })
    // Tokens are their own positions here.
    #expect(targets.indices == inputs.indices.map { $0 + 1 })
    for row in 0..<500 {
      let first = inputs.indices[row * 8]
      #expect(Array(inputs.indices[row * 8..<row * 8 + 8]) == Array(first..<first + 8))
    }
    #expect(Set(inputs.indices).count > 850)
    let again = corpus.batch(.training, size: 500, length: 8, using: RandomGenerator(seed: 1))
    #expect(again.inputs == inputs)
    let other = corpus.batch(.validation, size: 500, length: 98, using: RandomGenerator(seed: 1))
    #expect(Set(other.targets.indices) == Set(901...999))
  }

  @Test(arguments: [(1, 1), (3, 4), (100, 7), (2, 99), (1, 100), (5, 10)])
  func windowsInOrder(_ size: Int, _ length: Int) throws {
    let corpus = try TokenCorpus(tokens: [Int32](0..<1000))
    let batches = corpus.batches(of: .validation, size: size, length: length)
    var targets: [Int32] = []
    for (i, batch) in batches.enumerated() {
      #expect(batch.inputs.shape == batch.targets.shape)
      #expect(batch.inputs.shape[1] == length)
      if i < batches.count - 1 { #expect(batch.inputs.shape[0] == size) }
      #expect(batch.inputs.indices.map { $0 + 1 } == batch.targets.indices)
      targets += batch.targets.indices
    }
    #expect(targets == Array(901..<901 + Int32(99 / length * length)))
    #expect(batches.windowCount == 99 / length)
    #expect(batches.count == (99 / length + size - 1) / size)
  }
}
