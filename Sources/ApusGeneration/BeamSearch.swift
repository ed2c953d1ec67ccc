// Beam search: an approximate search for the most probable text, with several candidates side by side.
// Read first: GenerationSettings.swift, DecoderState.swift.

import ApusTensor
import Foundation

/// Beam search for each row of a batch, by the rules of Hugging Face's library.
///
/// Each beam is continued by each token. Of the best continuations, those that end the text are kept as results, and the n
/// best of the others become the next beams. With e ways to end, n·(e + 1) continuations are considered, since at most n·e of
/// them can end.
final class BeamSearch {
  private struct Beam {
    var text: [Int32]
    /// The log-probability of the text.
    var score: Float
    /// The index of the beam that it continues, within its row of the batch.
    var parent = 0
  }

  /// One row of the batch.
  private struct Row {
    var beams: [Beam]
    /// Finished texts, best first.
    var results: [GeneratedSequence] = []
    var isDone = false
  }

  private let model: any AutoregressiveModel
  private let settings: GenerationSettings
  private var rules: LogitRules
  private let limit: Int
  /// The number of continuations considered for each beam.
  private let candidatesPerBeam: Int
  private let promptCounts: [Int]
  private var state: DecoderState
  private var pending: IndexTensor
  private var rows: [Row]

  init(_ model: any AutoregressiveModel, _ start: GenerationStart, _ settings: GenerationSettings) {
    (self.model, self.settings, rules, limit) = (model, settings, LogitRules(settings), start.limit)
    (state, pending) = (start.state, start.pending)
    candidatesPerBeam = max(2, 1 + settings.endTokens.count + settings.stopSequences.count)
    promptCounts = start.texts.map(\.count)
    rows = start.texts.map { Row(beams: [Beam(text: $0, score: 0)]) }
  }

  /// The best result of each row.
  func run() -> [GeneratedSequence] {
    if limit > 0 {
      for written in 1...limit {
        step(written)
        if rows.allSatisfy(\.isDone) || written == limit { break }
        feed(isFirst: written == 1)
      }
    }
    return rows.indices.map { row in
      rows[row].results.first
        ?? GeneratedSequence(ids: rows[row].beams[0].text, promptCount: promptCounts[row], finish: .length, score: 0)
    }
  }

  /// Chooses the continuations after `written` new tokens.
  private func step(_ written: Int) {
    let vocabulary = model.vocabularySize
    let beams = state.rows / rows.count
    let texts = rows.flatMap { row in
      (0..<beams).map { row.isDone || $0 >= row.beams.count ? nil : row.beams[$0].text }
    }
    let counts = promptCounts.flatMap { Array(repeating: $0, count: beams) }
    let logProbabilities = model.withLogits(after: pending, state: state) { logits in
      var logProbabilities = logits - logits.logSumExp(along: -1, keepingDimensions: true)
      rules.apply(to: &logProbabilities, texts: texts, promptCounts: counts, limit: limit)
      return logProbabilities
    }
    // Where there are fewer beams than places, the empty places have no continuations.
    let totals = rows.flatMap { row in (0..<beams).map { $0 < row.beams.count ? row.beams[$0].score : -.infinity } }
    let all = (logProbabilities + Tensor(totals, shape: [state.rows, 1])).reshaped(to: [rows.count, beams * vocabulary])
    let count = min(candidatesPerBeam * settings.beams, beams * vocabulary)
    let best = all.topK(count)
    let values = best.values.scalars
    for row in rows.indices where !rows[row].isDone {
      let candidates = (row * count..<(row + 1) * count).compactMap { place -> Beam? in
        guard values[place] > -.infinity else { return nil }
        let index = Int(best.indices.indices[place])
        let parent = index / vocabulary
        return Beam(
          text: rows[row].beams[parent].text + [Int32(index % vocabulary)], score: values[place], parent: parent)
      }
      choose(candidates, row, written)
    }
  }

  private func choose(_ candidates: [Beam], _ row: Int, _ written: Int) {
    var next: [Beam] = []
    for (rank, candidate) in candidates.enumerated() {
      let ending = settings.ending(candidate.text.suffix(written))
      if ending != nil || written == limit {
        // Finished texts beyond the first n are no better than the beams that go on.
        if rank < settings.beams { keep(candidate, ending ?? .length, row, written) }
      } else if next.count < settings.beams {
        next.append(candidate)
      }
    }
    rows[row].beams = next.isEmpty ? rows[row].beams : next
    rows[row].isDone = next.isEmpty || isSettled(row, next[0].score, written)
  }

  private func keep(_ candidate: Beam, _ finish: GeneratedSequence.Finish, _ row: Int, _ written: Int) {
    let score = normalized(candidate.score, length: written)
    let result = GeneratedSequence(
      ids: candidate.text, promptCount: promptCounts[row], finish: finish, score: score)
    // After those with the same score.
    let place = rows[row].results.firstIndex { ($0.score ?? 0) < score } ?? rows[row].results.count
    rows[row].results.insert(result, at: place)
    if rows[row].results.count > settings.beams { rows[row].results.removeLast() }
  }

  private func normalized(_ score: Float, length: Int) -> Float {
    score / Float(pow(Double(length), Double(settings.lengthPenalty)))
  }

  /// Whether no continuation can change the result.
  private func isSettled(_ row: Int, _ best: Float, _ written: Int) -> Bool {
    let results = rows[row].results
    guard results.count == settings.beams, let worst = results.last?.score else { return false }
    switch settings.earlyStopping {
    case .always: return true
    case .whenNoBetter: return normalized(best, length: written) <= worst
    case .whenImpossible: return normalized(best, length: settings.lengthPenalty > 0 ? limit : written) <= worst
    }
  }

  /// Reorders the state by the parents of the chosen beams, and makes their last tokens the next input.
  private func feed(isFirst: Bool) {
    let beams = settings.beams
    if isFirst {
      state = state.repeated(beams)
    } else {
      state.reorder(
        rows.indices.flatMap { row in
          (0..<beams).map { place in
            let isBeam = !rows[row].isDone && place < rows[row].beams.count
            return row * beams + (isBeam ? rows[row].beams[place].parent : place)
          }
        })
    }
    let tokens = rows.flatMap { row in
      (0..<beams).map { place in
        row.isDone || place >= row.beams.count ? settings.paddingToken : row.beams[place].text.last ?? 0
      }
    }
    pending = IndexTensor(tokens, shape: [rows.count * beams, 1])
  }
}
