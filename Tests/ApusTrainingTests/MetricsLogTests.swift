// The log of a run's metrics: floats survive the file exactly, later rows are cut off, malformed lines are rejected.

import ApusFiles
import ApusTraining
import Foundation
import Testing

@Suite struct MetricsLogTests {
  private let rows = [
    StepMetrics(step: 1, loss: 4.1743873, validationLoss: nil, learningRate: 0.001, seconds: 0.125),
    StepMetrics(step: 2, loss: 1e-9, validationLoss: 3.3333333, learningRate: 1.0 / 3, seconds: 0.25),
    StepMetrics(step: 3, loss: .greatestFiniteMagnitude, validationLoss: 0, learningRate: 0, seconds: 100_000.5),
    StepMetrics(step: 5, loss: -0.1, validationLoss: .infinity, learningRate: .leastNonzeroMagnitude, seconds: 1e6),
  ]

  private static let header = "step,training_loss,validation_loss,learning_rate,seconds\n"

  private func log() -> MetricsLog {
    var log = MetricsLog()
    for row in rows { log.append(row) }
    return log
  }

  /// The log read from a file with this text.
  private func read(_ text: String, upTo step: Int = .max) throws -> MetricsLog {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      try Data(text.utf8).write(to: url)
      return try MetricsLog(contentsOf: url, upTo: step)
    }
  }

  /// The problem that is reported for a file with this text.
  private func problem(_ text: String) throws -> FileFormatError.Problem {
    let error = #expect(throws: FileFormatError.self) { try read(text) }
    #expect(error?.path.hasSuffix("metrics.csv") == true && error?.problems.count == 1)
    return try #require(error?.problems.first)
  }

  @Test func comesBackExactly() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      try log().write(to: url)
      #expect(try MetricsLog(contentsOf: url, upTo: 5).rows == rows)
      // Writing again replaces the file.
      try MetricsLog().write(to: url)
      #expect(try MetricsLog(contentsOf: url, upTo: 5).rows == [])
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["metrics.csv"])
    }
  }

  @Test func looksLikeATable() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      var log = MetricsLog()
      log.append(StepMetrics(step: 1, loss: 2.5, validationLoss: nil, learningRate: 0.001, seconds: 0.12345))
      log.append(StepMetrics(step: 2, loss: 2.25, validationLoss: 2, learningRate: 0.5, seconds: 3))
      try log.write(to: url)
      let text = try String(contentsOf: url, encoding: .utf8)
      #expect(text == MetricsLogTests.header + "1,2.5,,0.001,0.123\n2,2.25,2.0,0.5,3.0\n")
    }
  }

  @Test func rowsAfterTheStepAreCutOff() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("metrics.csv")
      try log().write(to: url)
      for (step, count) in [(0, 0), (1, 1), (2, 2), (3, 3), (4, 3), (5, 4), (9, 4)] {
        #expect(try MetricsLog(contentsOf: url, upTo: step).rows == Array(rows.prefix(count)), "up to \(step)")
      }
    }
    // Malformed lines after the last step are ignored, because they are cut off.
    let text = MetricsLogTests.header + "1,2.5,,0.1,1.0\n2,2.5,,0.1,1.0\ngarbage\n"
    #expect(try read(text, upTo: 1).rows.count == 1)
  }

  @Test(
    arguments: [
      "2,1.0,,0.1", "2,1.0,,0.1,1.0,7", "two,1.0,,0.1,1.0", "2,one,,0.1,1.0", "2,1.0,x,0.1,1.0", "2,1.0,,,1.0",
      "2,1.0,,0.1,", "garbage", ",,,,", "2;1.0;;0.1;1.0",
    ])
  func brokenLinesAreNamed(line: String) throws {
    let problem = try problem(MetricsLogTests.header + "1,2.5,,0.001,0.1\n\(line)\n3,2.5,,0.001,0.1\n")
    #expect(problem.place.description == "line 3")
    #expect(problem.found.contains(line))
    #expect(problem.expected.contains("training_loss"))
  }

  @Test(arguments: ["garbage", "1,2.5,,0.001,0.1\n", "step,loss\n1,2\n"])
  func filesWithoutTheHeaderAreRefused(text: String) throws {
    #expect(try problem(text).place.description == "line 1")
  }

  @Test func missingAndEmptyFilesAreErrors() throws {
    try withTemporaryFolder { folder in
      let url = folder.appendingPathComponent("nothing.csv")
      #expect(throws: FileFormatError.self) { try MetricsLog(contentsOf: url, upTo: 1) }
      let empty = folder.appendingPathComponent("empty.csv")
      try Data().write(to: empty)
      #expect(throws: FileFormatError.self) { try MetricsLog(contentsOf: empty, upTo: 1) }
      let nowhere = folder.appendingPathComponent("no/such/folder/metrics.csv")
      #expect(throws: FileFormatError.self) { try log().write(to: nowhere) }
    }
  }
}
