// What a run of training is continued from: its table of losses, its alphabet, and the metadata of its checkpoint.
// Read first: Fuzz.swift; Sources/ApusTraining/MetricsLog.swift, what is attacked.

import Foundation

@testable import ApusFiles
@testable import ApusText
@testable import ApusTraining

/// The first byte chooses the file and the step to continue from.
func fuzzRuns(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let bytes = Array(input.dropFirst())
  let text = String(decoding: bytes, as: UTF8.self)
  if choice & 1 == 0 {
    let whole = choice & 2 == 0 ? MetricsLog.header + "\n" + text : text
    do throws(FileFormatError) {
      let log = try MetricsLog(parsing: whole, path: "metrics.csv", upTo: Int(choice >> 2))
      expect(log.rows.allSatisfy { $0.step <= Int(choice >> 2) }, "a row behind the step")
    } catch {
      expect(!error.problems.isEmpty, "an error without problems")
    }
    return
  }
  // Foundation's decoder reads alphabet.json; what it gives must be an alphabet.
  let alphabet = Array(text.unicodeScalars)
  guard let tokenizer = try? CharacterTokenizer(alphabet: alphabet) else {
    return expect(Set(alphabet).count < alphabet.count, "an alphabet without repetitions is refused")
  }
  guard let ids = try? tokenizer.encode(text), let again = try? tokenizer.decode(ids) else {
    return expect(false, "an alphabet's own text is not encoded or not decoded")
  }
  expect(again.utf8.elementsEqual(text.utf8), "encoded, decoded, changed")
}
