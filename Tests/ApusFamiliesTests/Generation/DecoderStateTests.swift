// Every model that writes: scores with the cache are those without, whatever the pieces, the padding and the order of rows.
// Read first: Tests/ApusFamiliesTests/Published/ModelFixture.swift.

import ApusNN
import ApusTensor
import ApusTesting
import Testing

@testable import ApusGeneration
@testable import ApusLanguage

@Suite struct DecoderStateTests {
  private static let conditional = ["bart", "marian", "t5_relu", "t5_gated_gelu"]

  private func expectClose(_ actual: Tensor, _ expected: Tensor, _ what: String) {
    let comparison = Comparison(actual, expected, absolute: 2e-6, relativeToLargest: 2e-6)
    #expect(comparison.isClose, "\(what): \(comparison)")
  }

  private func columns(_ ids: IndexTensor, _ range: Range<Int>) -> IndexTensor {
    let length = ids.shape[1]
    return IndexTensor(
      (0..<ids.shape[0]).flatMap { row in range.map { ids.indices[row * length + $0] } },
      shape: [ids.shape[0], range.count])
  }

  @Test(arguments: conditional, [[8], [1, 1, 1, 1, 1, 1, 1, 1], [3, 1, 4]])
  func encoderDecodersWithAndWithoutCache(name: String, pieces: [Int]) throws {
    let fixture = ModelFixture(name: name)
    let model = try #require(fixture.load().model as? any EncoderDecoder)
    let inputs = try fixture.file("inputs")
    let (source, tokens) = (
      try inputs.indices(named: "input_ids"), try inputs.indices(named: "attention_mask")
    )
    let target = try inputs.indices(named: "decoder_input_ids")
    let all = model(source, target, sourceTokens: tokens)
    let state = model.makeState(reading: source, tokens: tokens, capacity: 8)
    for piece in pieces {
      let range = state.count..<state.count + piece
      let scores = model.logits(after: columns(target, range), state: state, isLastOnly: false)
      expectClose(scores, all.slice(range, along: 1), "\(name), \(range)")
    }
    state.truncate(to: 5)
    let last = model.logits(after: columns(target, 5..<7), state: state, isLastOnly: true)
    expectClose(last, all.slice(6..<7, along: 1), "\(name), again")
  }

  @Test(arguments: ["gpt2_lm", "llama_lm"]) func paddingInFrontChangesNothing(name: String) throws {
    let model = try #require(ModelFixture(name: name).load().model as? any CausalDecoder)
    let forward: (IndexTensor) -> Tensor = { ids in
      (model as? GPT).map { $0(ids) } ?? (model as? Llama).map { $0(ids) } ?? .zeros([1, 1, 1])
    }
    let prompts: [[Int32]] = [[5, 17, 3, 60, 2], [9, 41], [7, 7, 30, 4]]
    let state = model.makeState(rows: 3, capacity: 9, padding: [0, 3, 1])
    let padded = prompts.flatMap { Array(repeating: 11, count: 5 - $0.count) + $0 }
    var scores = model.logits(after: IndexTensor(padded, shape: [3, 5]), state: state, isLastOnly: true)
    var texts = prompts
    for step in 0..<3 {
      for (row, text) in texts.enumerated() {
        let alone = forward(IndexTensor(text, shape: [1, text.count]))
        expectClose(
          scores.slice(row..<row + 1), alone.slice(text.count - 1..<text.count, along: 1), "row \(row), step \(step)")
      }
      let next = [Int32(20 + step), Int32(3 * step), 50]
      for row in 0..<3 { texts[row].append(next[row]) }
      scores = model.logits(after: IndexTensor(next, shape: [3, 1]), state: state, isLastOnly: true)
    }
  }

  /// Rows that trade their pasts continue as if they had been written that way, in any order and any number of times.
  @Test func reorderedRowsAreTheirParents() throws {
    let model = try #require(ModelFixture(name: "gpt2_lm").load().model as? GPT)
    let generator = RandomGenerator(seed: 6)
    var state = model.makeState(rows: 1, capacity: 16)
    _ = model.logits(after: IndexTensor([5, 17, 3], shape: [1, 3]), state: state, isLastOnly: true)
    state = state.repeated(4)
    var texts = Array(repeating: [5, 17, 3] as [Int32], count: 4)
    for step in 0..<12 {
      let next = generator.integers(count: 4, below: 80).map { Int32($0) }
      for row in 0..<4 { texts[row].append(next[row]) }
      let scores = model.logits(after: IndexTensor(next, shape: [4, 1]), state: state, isLastOnly: true)
      let expected = model(IndexTensor(texts.flatMap { $0 }, shape: [4, 4 + step]))
      expectClose(scores, expected.slice(3 + step..<4 + step, along: 1), "step \(step)")
      let parents = step == 5 ? [1, 0, 3, 2] : generator.integers(count: 4, below: 4)
      state.reorder(parents)
      texts = parents.map { texts[$0] }
    }
  }

  @Test func beamsReadOneMemory() throws {
    let fixture = ModelFixture(name: "t5_relu")
    let model = try #require(fixture.load().model as? T5)
    let inputs = try fixture.file("inputs")
    let (source, tokens) = (
      try inputs.indices(named: "input_ids"), try inputs.indices(named: "attention_mask")
    )
    let one = model.makeState(reading: source, tokens: tokens, capacity: 4)
    let two = one.repeated(2)
    #expect(two.rows == 6 && two.memories[0].keys.shape[0] == 3)
    let first = model.logits(after: IndexTensor([0, 0, 0], shape: [3, 1]), state: one, isLastOnly: true)
    let both = model.logits(after: IndexTensor([0, 9, 0, 9, 0, 9], shape: [6, 1]), state: two, isLastOnly: true)
    for row in 0..<3 { expectClose(both.slice(2 * row..<2 * row + 1), first.slice(row..<row + 1), "row \(row)") }
    #expect(both.slice(0..<1) != both.slice(1..<2))
  }
}
