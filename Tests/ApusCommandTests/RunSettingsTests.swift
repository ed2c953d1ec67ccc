// Tests of the bounds of run.json. They are those of the options, because the file may come from elsewhere.
// Read first: Sources/ApusCommand/Verbs/RunFolder.swift.

import Testing

@testable import ApusCommand

@Suite struct RunSettingsTests {
  private let sound = RunSettings(
    steps: 2, seed: 1, data: nil, layers: 1, heads: 2, width: 8, context: 8, dropout: 0, batch: 1, learningRate: 1e-3,
    warmup: 0, weightDecay: 0.1, interval: 1)

  @Test func soundSettingsHaveNoProblems() {
    #expect(sound.problems.isEmpty)
    var last = sound
    last.dropout = Double(Float(1).nextDown)
    // The largest valid dropout probability must not stop the model's initializer.
    #expect(last.problems.isEmpty)
    _ = last.makeModel(vocabularySize: 5)
  }

  @Test func everyNumberHasABound() {
    let changes: [(name: String, change: (inout RunSettings) -> Void)] = [
      ("steps", { $0.steps = 0 }), ("layers", { $0.layers = 1_000_000_000 }), ("heads", { $0.heads = 0 }),
      ("width", { $0.width = 2_147_483_646 }), ("width", { $0.width = 9 }), ("context", { $0.context = -1 }),
      ("dropout", { $0.dropout = 1 }), ("dropout", { $0.dropout = 1.0.nextDown }), ("dropout", { $0.dropout = .nan }),
      ("batch", { $0.batch = .max }), ("learningRate", { $0.learningRate = 0 }), ("warmup", { $0.warmup = 3 }),
      ("weightDecay", { $0.weightDecay = -1 }), ("interval", { $0.interval = .min }),
    ]
    for (name, change) in changes {
      var settings = sound
      change(&settings)
      #expect(settings.problems.count == 1 && settings.problems[0].hasPrefix(name + ": expected "), "\(name)")
    }
    var all = sound
    for (_, change) in changes { change(&all) }
    #expect(all.problems.count == 10)
  }
}
