// Decodes generated tokens as they arrive, and prints the text up to a stop sequence.
// Read first: GenerateCommand.swift, ApusText/Tokenizer/StreamingDecoder.swift.

import ApusBase
import ApusText
import Foundation

/// The encoding and decoding functions of the tokenizer in a model's folder.
struct TextCodec {
  let encode: (String) throws -> [Int32]
  /// Makes a streaming decoder for text that continues a prompt. The decoder maps each new token to the text that it
  /// completes, and nil, at the end, to the text held back.
  let stream: (_ prompt: [Int32]) -> (Int32?) -> String
}

extension TextCodec {
  /// The tokenizer in the folder of a published model or a training run; nil if the folder has none.
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

/// Prints generated text up to a stop sequence. Text that may be the start of the stop sequence is held back until this
/// is certain.
struct GeneratedText {
  /// The streaming decoder; nil if token IDs are printed instead.
  private let piece: ((Int32?) -> String)?
  private let stop: [UInt8]
  private var output: OutputBuffer
  /// Text that is generated, but not yet printed.
  private var held: [UInt8] = []
  private var isStopped = false

  /// - Parameters:
  ///   - codec: the tokenizer; nil to print only token IDs, at the end.
  ///   - stop: the stop sequence.
  ///   - prompt: the tokens of the prompt that is continued; empty at the start of a new text.
  init(codec: TextCodec?, stop: String?, continuing prompt: [Int32] = [], output: OutputBuffer = .standardOutput) {
    piece = codec?.stream(prompt)
    self.stop = Array((stop ?? "").utf8)
    self.output = output
  }

  /// Prints text unchanged and flushes the output.
  mutating func show(_ text: String) throws {
    output.append(text)
    try output.flush()
  }

  /// Adds a token and prints the text that it completes. Returns false once the stop sequence is found.
  mutating func add(_ token: Int32) throws -> Bool {
    guard let piece, !isStopped else { return !isStopped }
    held += piece(token).utf8
    try release(isLast: false)
    return !isStopped
  }

  /// Prints the text held back and ends the line. Without a tokenizer, prints `all`, the token IDs of the whole
  /// sequence.
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

  /// The number of trailing bytes that may be the start of the stop sequence.
  private func beginningOfStop() -> Int {
    let longest = max(0, min(held.count, stop.count - 1))
    return stride(from: longest, to: 0, by: -1).first { held.suffix($0).elementsEqual(stop.prefix($0)) } ?? 0
  }
}
