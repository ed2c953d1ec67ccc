// The metrics of a training run, step by step, and their CSV file.
// Read next: TrainingRun.swift.

public import ApusFiles
public import Foundation

/// The logged metrics of one training step.
public struct StepMetrics: Sendable, Equatable {
  /// The number of completed steps, including this one.
  public var step: Int
  /// The loss on the step's batch.
  public var loss: Float
  /// The validation loss, if it was measured after this step.
  public var validationLoss: Float?
  /// The learning rate of the step.
  public var learningRate: Float
  /// The total training time in seconds, over all sessions of the run.
  public var seconds: Double

  public init(step: Int, loss: Float, validationLoss: Float?, learningRate: Float, seconds: Double) {
    (self.step, self.loss, self.validationLoss) = (step, loss, validationLoss)
    (self.learningRate, self.seconds) = (learningRate, seconds)
  }
}

/// The metrics of all steps, kept in memory and written to a file with every checkpoint.
public struct MetricsLog: Sendable {
  /// The metrics in the order of the steps.
  public private(set) var rows: [StepMetrics] = []

  static let header = "step,training_loss,validation_loss,learning_rate,seconds"

  public init() {}

  /// Reads the rows of a file up to a step. Later rows belong to steps after the last checkpoint, which are repeated.
  ///
  /// - Throws: `FileFormatError`, which names the invalid line.
  public init(contentsOf url: URL, upTo step: Int) throws(FileFormatError) {
    try self.init(parsing: TextFile.read(url), path: url.path, upTo: step)
  }

  init(parsing text: String, path: String, upTo step: Int) throws(FileFormatError) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.first.map(String.init) == MetricsLog.header else {
      throw FileFormatError(
        path: path, place: "line 1", expected: MetricsLog.header, found: String(lines.first?.prefix(80) ?? ""))
    }
    for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
      let fields = line.split(separator: ",", omittingEmptySubsequences: false)
      guard fields.count == 5, let number = Int(fields[0]), let loss = Float(fields[1]),
        let rate = Float(fields[3]), let seconds = Double(fields[4]), fields[2].isEmpty || Float(fields[2]) != nil
      else {
        throw FileFormatError(
          path: path, place: "line \(index + 1)", expected: MetricsLog.header, found: String(line.prefix(80)))
      }
      if number > step { break }
      rows.append(
        StepMetrics(
          step: number, loss: loss, validationLoss: Float(fields[2]), learningRate: rate, seconds: seconds))
    }
  }

  /// Appends a row.
  public mutating func append(_ row: StepMetrics) { rows.append(row) }

  /// Writes the table, replacing the file atomically.
  ///
  /// - Throws: `FileFormatError` if the file cannot be written.
  public func write(to url: URL) throws(FileFormatError) {
    var text = MetricsLog.header + "\n"
    for row in rows {
      let validation = row.validationLoss.map { "\($0)" } ?? ""
      let seconds = (row.seconds * 1_000).rounded() / 1_000
      text += "\(row.step),\(row.loss),\(validation),\(row.learningRate),\(seconds)\n"
    }
    try AtomicFile.write(Data(text.utf8), to: url)
  }
}
