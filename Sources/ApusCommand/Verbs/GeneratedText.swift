// Tokens as they come, as text on standard output. Read first: GenerateCommand.swift.

import ApusData
import ApusModels
import Foundation

/// The tokenizer of a model's folder.
struct TextCodec {
  let encode: (String) throws -> [Int32]
  let decode: ([Int32]) throws -> String
}

extension TextCodec {
  /// The tokenizer in a folder, of a published model or of a training run; nil if there is none.
  init?(folder: URL) throws {
    let manager = FileManager.default
    func has(_ name: String) -> Bool { manager.fileExists(atPath: folder.appendingPathComponent(name).path) }
    if Tokenizer.hasFiles(in: folder) {
      let tokenizer = try Tokenizer(folder: folder)
      encode = { try tokenizer.encode($0).ids }
      decode = { tokenizer.decode($0) }
    } else if has(RunFolder.alphabetName) {
      let tokenizer = try RunFolder.tokenizer(in: folder)
      encode = { try tokenizer.encode($0) }
      decode = { try tokenizer.decode($0) }
    } else {
      return nil
    }
  }
}

/// What has been written so far, and what of it has been shown.
///
/// A character may consist of several tokens, and a token's text may depend on the one before it. So what is shown next is the
/// difference between the text of the last few tokens with and without the new one, once it is whole. What may be the
/// beginning of the text to stop at waits until it is known.
struct GeneratedText {
  private let codec: TextCodec?
  private let stop: String?
  private var output: OutputBuffer
  private var ids: [Int32] = []
  /// Tokens from here on are decoded again, as surroundings of new ones.
  private var context = 0
  /// Tokens up to here are in the text.
  private var taken = 0
  private var text = ""
  /// Bytes of the text that are shown.
  private var shown = 0

  /// Prompt tokens that the text of the first new token may depend on.
  private static let surroundings = 8

  /// - Parameter prompt: what is continued; empty where a new text begins.
  init(
    codec: TextCodec?, stop: String?, continuing prompt: [Int32] = [], output: OutputBuffer = .standardOutput
  ) {
    (self.codec, self.stop, self.output) = (codec, stop, output)
    ids = prompt.suffix(GeneratedText.surroundings)
    taken = ids.count
  }

  /// Prints a text as it is, at once.
  mutating func show(_ text: String) throws {
    output.append(text)
    try output.flush()
  }

  /// Takes a token, and prints what has become whole; false where the text to stop at was written.
  mutating func add(_ token: Int32) throws -> Bool {
    ids.append(token)
    guard let codec, let before = try? codec.decode(Array(ids[context..<taken])),
      let after = try? codec.decode(Array(ids[context...]))
    else { return true }
    // Half a character decodes to the replacement character.
    guard after.utf8.count > before.utf8.count, !after.hasSuffix("\u{FFFD}") else { return true }
    text += String(decoding: after.utf8.dropFirst(before.utf8.count), as: UTF8.self)
    // Behind tokens without a text of their own, the next one would look like the first.
    if (try? codec.decode(Array(ids[taken...])))?.isEmpty == false { context = taken }
    taken = ids.count
    let end = GeneratedText.end(of: text, before: stop)
    try show(upTo: end.isFound ? end.bytes : text.utf8.count - end.bytes)
    return !end.isFound
  }

  private mutating func show(upTo end: Int) throws {
    guard end > shown else { return }
    try show(String(decoding: Array(text.utf8)[shown..<end], as: UTF8.self))
    shown = end
  }

  /// Where the text stops; or how many bytes at its end may be the beginning of what it stops at.
  private static func end(of text: String, before stop: String?) -> (isFound: Bool, bytes: Int) {
    guard let stop, !stop.isEmpty else { return (false, 0) }
    if let place = text.range(of: stop) {
      return (true, text.utf8.distance(from: text.startIndex, to: place.lowerBound))
    }
    let (bytes, mark) = (Array(text.utf8), Array(stop.utf8))
    let longest = stride(from: min(bytes.count, mark.count - 1), to: 0, by: -1).first { count in
      bytes.suffix(count).elementsEqual(mark.prefix(count))
    }
    return (false, longest ?? 0)
  }

  /// Shows what was held back, and ends the line; without a tokenizer, prints `all`, the ids of the whole sequence.
  mutating func finish(_ all: [Int32]) throws {
    guard codec != nil else { return try show(all.map { "\($0)" }.joined(separator: ",") + "\n") }
    let end = GeneratedText.end(of: text, before: stop)
    try show(upTo: end.isFound ? end.bytes : text.utf8.count)
    try show("\n")
  }
}
