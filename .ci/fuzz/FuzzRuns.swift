// Fuzzes the files from which a training run is resumed: its metrics and its alphabet.
// Read first: Fuzz.swift; Sources/ApusTraining/Metrics/MetricsLog.swift, the code under test.

import Foundation

@testable import ApusFiles
@testable import ApusText
@testable import ApusTraining

/// The first byte selects the file and the step from which the run is resumed.
func fuzzRuns(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let bytes = Array(input.dropFirst())
  let text = String(decoding: bytes, as: UTF8.self)
  if choice & 1 == 0 {
    let whole = choice & 2 == 0 ? MetricsLog.header + "\n" + text : text
    do throws(FileFormatError) {
      let log = try MetricsLog(parsing: whole, path: "metrics.csv", upTo: Int(choice >> 2))
      expect(log.rows.allSatisfy { $0.step <= Int(choice >> 2) }, "a row after the step")
    } catch {
      expect(!error.problems.isEmpty, "an error without problems")
    }
    return
  }
  // Foundation's decoder reads alphabet.json. The characters that it returns must be an alphabet.
  let alphabet = Array(text.unicodeScalars)
  guard let tokenizer = try? CharacterTokenizer(alphabet: alphabet) else {
    return expect(Set(alphabet).count < alphabet.count, "an alphabet without repetitions is rejected")
  }
  guard let ids = try? tokenizer.encode(text), let again = try? tokenizer.decode(ids) else {
    return expect(false, "the alphabet itself cannot be encoded and decoded")
  }
  expect(again.utf8.elementsEqual(text.utf8), "text changed by encoding and decoding")
}
