// Tokens as they come, as text on standard output. Read first: GenerateCommand.swift,
// ApusData/Text/Tokenizer/StreamingDecoder.swift.

import ApusBase
import ApusText
import Foundation

/// The tokenizer of a model's folder.
struct TextCodec {
  let encode: (String) throws -> [Int32]
  /// For the tokens of a prompt that is continued, a function from each new token to the text that it completes, and from nil
  /// to what was held back.
  let stream: (_ prompt: [Int32]) -> (Int32?) -> String
}

extension TextCodec {
  /// The tokenizer in a folder, of a published model or of a training run; nil if there is none.
  init?(folder: URL) throws {
    let manager = FileManager.default
    func has(_ name: String) -> Bool { manager.fileExists(atPath: folder.appendingPathComponent(name).path) }
    if Tokenizer.hasFiles(in: folder) {
      let tokenizer = try Tokenizer(folder: folder)
      encode = { try tokenizer.encode($0).ids }
      stream = { prompt in
        var decoder = tokenizer.streamingDecoder(continuing: prompt)
        return { token in token.map { decoder.append($0) } ?? decoder.finish() }
      }
    } else if has(RunFolder.alphabetName) {
      let tokenizer = try RunFolder.tokenizer(in: folder)
      encode = { try tokenizer.encode($0) }
      stream = { _ in { token in token.flatMap { try? tokenizer.decode([$0]) } ?? "" } }
    } else {
      return nil
    }
  }
}

/// Shows what is written up to the text to stop at; what may be the beginning of that waits until it is known.
struct GeneratedText {
  /// Nil where ids are printed instead.
  private let piece: ((Int32?) -> String)?
  private let stop: [UInt8]
  private var output: OutputBuffer
  /// Written, but not yet shown.
  private var held: [UInt8] = []
  private var isStopped = false

  /// - Parameters:
  ///   - codec: nil: ids are printed at the end, and nothing before.
  ///   - stop: the text to stop at.
  ///   - prompt: what is continued; empty where a new text begins.
  init(codec: TextCodec?, stop: String?, continuing prompt: [Int32] = [], output: OutputBuffer = .standardOutput) {
    piece = codec?.stream(prompt)
    self.stop = Array((stop ?? "").utf8)
    self.output = output
  }

  /// Prints a text as it is, at once.
  mutating func show(_ text: String) throws {
    output.append(text)
    try output.flush()
  }

  /// Takes a token, and prints what has become whole; false where the text to stop at was written.
  mutating func add(_ token: Int32) throws -> Bool {
    guard let piece, !isStopped else { return !isStopped }
    held += piece(token).utf8
    try release(isLast: false)
    return !isStopped
  }

  /// Shows what was held back, and ends the line; without a tokenizer, prints `all`, the ids of the whole sequence.
  mutating func finish(_ all: [Int32]) throws {
    guard let piece else { return try show(all.map { "\($0)" }.joined(separator: ",") + "\n") }
    if !isStopped {
      held += piece(nil).utf8
      try release(isLast: true)
    }
    try show("\n")
  }

  private mutating func release(isLast: Bool) throws {
    var end = held.count
    if !stop.isEmpty, let place = held.firstRange(of: stop) {
      (end, isStopped) = (place.lowerBound, true)
    } else if !isLast {
      end -= beginningOfStop()
    }
    guard end > 0 else { return }
    try show(String(decoding: held[..<end], as: UTF8.self))
    held.removeFirst(end)
  }

  /// How many of the last bytes may begin the text to stop at.
  private func beginningOfStop() -> Int {
    let longest = max(0, min(held.count, stop.count - 1))
    return stride(from: longest, to: 0, by: -1).first { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
  }
}
