// `apus classify`: answers in the order of their probabilities. Read first: Sources/ApusCommand/Verbs/ClassifyCommand.swift.

import ApusTensor
import Testing

@testable import ApusCommand

@Suite struct ClassifyTests {
  @Test func theLikeliestComesFirst() {
    let ranking = Ranking(scores: Tensor([[1, 3, -2, 3]].flatMap { $0 }, shape: [1, 4]), names: ["a", "b", "c", "d"])
    #expect(ranking.entries.map(\.name) == ["b", "d", "a", "c"])
    #expect(abs(ranking.entries.map(\.probability).reduce(0, +) - 1) < 1e-6)
    #expect(ranking.lines(top: 3) == [" 46.68 %  b", " 46.68 %  d", "  6.32 %  a"])
    #expect(ranking.lines(top: 9).count == 4)
  }

  @Test func scoresThatAreNoNumbersAreStillListed() {
    let ranking = Ranking(scores: Tensor([.nan, 1], shape: [1, 2]), names: ["a", "b"])
    #expect(ranking.lines(top: 5).count == 2)
  }
}
