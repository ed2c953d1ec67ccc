// Tests of `apus tokenize`: its arguments, the lines that it reads, and its output.
// Read first: Sources/ApusCommand/Verbs/TokenizeCommand.swift, ApusCommand/Terminal/InputLines.swift.

import ApusText
import Foundation
import Testing

@testable import ApusCommand

@Suite struct TokenizeTests {
  private func refusals(_ words: [String]) -> [String] {
    if case .refuse(let lines) = Tool.apus.outcome(of: words) { lines } else { [] }
  }

  @Test func options() throws {
    let words = ["tokenize", "model", "one", "two words", "--json", "--no-special-tokens", "--pair", "three"]
    guard case .run(let verb as TokenizeCommand) = Tool.apus.outcome(of: words) else {
      Issue.record("refused")
      return
    }
    #expect(verb.folder.text == "model")
    #expect(verb.texts == ["one", "two words"])
    #expect(verb.isJSON && verb.hasNoSpecialTokens && !verb.isDecoding)
    #expect(verb.pair == "three")
  }

  @Test func badCommandLines() {
    #expect(
      refusals(["tokenize"]) == [
        "apus tokenize: MODEL_DIR is missing (folder with tokenizer.json, vocab.txt, vocab.json and merges.txt, or a SentencePiece model)"
      ])
    #expect(
      refusals(["tokenize", "m", "1 2", "--decode", "--pair", "x"]) == [
        "apus tokenize: --pair: cannot be combined with --decode"
      ])
    #expect(refusals(["tokenize", "m", "x", "--jsno"]).first?.contains("did you mean --json") == true)
  }

  // MARK: Lines

  /// Reads all lines of `bytes`, delivered in chunks of `size` bytes. Returns them and the failure that ended the
  /// reading.
  private func lines(_ bytes: [UInt8], size: Int) -> (lines: [String], failure: String?) {
    var rest = bytes[...]
    var input = InputLines { target in
      let piece = rest.prefix(min(size, target.count))
      target.copyBytes(from: piece)
      rest = rest.dropFirst(piece.count)
      return piece.count
    }
    var result: [String] = []
    do {
      while let line = try input.next() { result.append(line) }
      return (result, nil)
    } catch {
      return (result, (error as? CommandFailure)?.lines.joined())
    }
  }

  @Test(arguments: [1, 2, 3, 7, 1 << 20]) func linesAreCutAtNewlinesOnly(_ size: Int) {
    func same(_ text: String, _ expected: [String]) {
      let read = lines(Array(text.utf8), size: size)
      #expect(read.failure == nil)
      // Compared outside #expect, which would take minutes to print the difference of long texts.
      let isSame =
        read.lines.count == expected.count && zip(read.lines, expected).allSatisfy { $0.utf8.elementsEqual($1.utf8) }
      #expect(isSame, "\(text.prefix(40))")
    }
    same("", [])
    same("\n", [""])
    same("a\r\n\n\rb\u{85}\u{2028}\u{0B}c", ["a\r", "", "\rb\u{85}\u{2028}\u{0B}c"])
    same("e\u{301}\u{0} \n😀日本\n", ["e\u{301}\u{0} ", "😀日本"])
    let long = String(repeating: "x", count: size < 1 << 20 ? 1000 : 200_000)
    same(long + "\n" + long, [long, long])
  }

  @Test func badBytesAreNamed() {
    let read = lines([0x61, 0x0A, 0xC3, 0xA9, 0xFF, 0x0A, 0x62], size: 4)
    #expect(read.lines == ["a"])
    #expect(read.failure == "standard input, line 2, byte 2: expected UTF-8 text, found the byte 0xFF")
    #expect(lines([0xE6, 0x97], size: 1).failure?.contains("line 1, byte 0") == true)
  }

  @Test func waitingLinesAreGivenBeforeMoreIsRead() throws {
    var pieces: [[UInt8]] = [Array("a\nb\nc".utf8), Array("d\n".utf8)]
    var input = InputLines { target in
      guard !pieces.isEmpty else { return 0 }
      let piece = pieces.removeFirst()
      target.copyBytes(from: piece)
      return piece.count
    }
    var events: [String] = []
    while let line = try input.next(beforeWaiting: { events.append("wait") }) { events.append(line) }
    #expect(events == ["wait", "a", "b", "wait", "cd", "wait"])
  }

  // MARK: Output

  /// The lines that the verb prints for texts, with a tokenizer that knows the words "a", "b" and "\"".
  private func output(_ words: [String], _ texts: [String]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "apus-tokenize-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = """
      {"added_tokens":[{"id":0,"content":"[CLS]","special":true},{"id":1,"content":"[SEP]","special":true}],
      "pre_tokenizer":{"type":"WhitespaceSplit"},
      "post_processor":{"type":"BertProcessing","cls":["[CLS]",0],"sep":["[SEP]",1]},
      "model":{"type":"WordPiece","unk_token":"?","vocab":
      {"[CLS]":0,"[SEP]":1,"?":2,"a":3,"b":4,"\\"\\\\\\u0001\\u2028é":5}}}
      """
    try Data(file.utf8).write(to: folder.appending(path: "tokenizer.json"))
    let tokenizer = try Tokenizer(folder: folder)
    guard case .run(let verb as TokenizeCommand) = Tool.apus.outcome(of: ["tokenize", "m", "x"] + words) else {
      return []
    }
    var written: [UInt8] = []
    var buffer = OutputBuffer { written += $0 }
    for text in texts { try verb.write(text, place: "text 1", tokenizer, to: &buffer) }
    try buffer.flush()
    return String(decoding: written, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(
      String.init)
  }

  @Test func json() throws {
    #expect(
      try output(["--json"], ["a  b", "", "\u{1F600} \"\\\u{1}\u{2028}é"]) == [
        #"{"ids":[0,3,4,1],"tokens":["[CLS]","a","b","[SEP]"],"offsets":[[0,0],[0,1],[3,4],[0,0]]}"#,
        #"{"ids":[0,1],"tokens":["[CLS]","[SEP]"],"offsets":[[0,0],[0,0]]}"#,
        #"{"ids":[0,2,2,2,1],"tokens":["[CLS]","?","?","?","[SEP]"],"offsets":[[0,0],[0,1],[2,5],[6,7],[0,0]]}"#,
        "",
      ])
    #expect(
      try output(["--json", "--no-special-tokens", "--pair", "b"], ["a"]) == [
        #"{"ids":[3,4],"tokens":["a","b"],"offsets":[[0,1],[0,1]]}"#, "",
      ])
  }

  @Test func escapes() throws {
    var buffer = OutputBuffer { _ in }
    let text = "\"\\\u{1}\n\t\r\u{7F}\u{85}\u{2028}é😀/"
    buffer.append(json: text)
    #expect(
      String(decoding: buffer.bytes, as: UTF8.self) == #""\"\\\u0001\n\t\r\u007f\u0085\u2028é😀/""#)
    #expect(try JSONDecoder().decode(String.self, from: Data(buffer.bytes)).utf8.elementsEqual(text.utf8))
    var numbers = OutputBuffer { _ in }
    for number in [Int.min, -1, 0, 10, Int.max] { numbers.append(number) }
    #expect(String(decoding: numbers.bytes, as: UTF8.self) == "\(Int.min)-1010\(Int.max)")
  }

  @Test func table() throws {
    #expect(
      try output([], ["a b"]) == [
        "a b", "       0                [CLS]", "       3           0-1  a", "       4           2-3  b",
        "       1                [SEP]", "", "",
      ])
  }

  @Test func decoding() throws {
    #expect(try output(["--decode"], ["0, 3,4 1", ""]) == ["[CLS] a b [SEP]", "", ""])
    #expect(try output(["--decode", "--no-special-tokens"], ["0 3 4 1"]) == ["a b", ""])
    #expect(try output(["--decode", "--json"], ["3 4"]) == [#"{"text":"a b"}"#, ""])
    for bad in ["7", "-1", "x", "3;4", "99999999999"] {
      #expect(throws: CommandFailure("text 1: expected token IDs from 0 to 5, found '\(bad)'")) {
        try output(["--decode"], [bad])
      }
    }
  }
}
