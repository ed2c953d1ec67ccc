// Malicious tokenizer files: a kilobyte that expands to a terabyte, and invalid references between components.
// Read first: .ci/fuzz/FuzzTokenizers.swift.

import Foundation
import Testing

@testable import ApusFiles
@testable import ApusText

@Suite struct TokenizerHostileTests {
  private func open(_ json: String) throws(FileFormatError) -> Tokenizer {
    let file = MappedFile(copying: Data(json.utf8), name: "tokenizer.json")
    return try withExtendedLifetime(file) { () throws(FileFormatError) in
      try TokenizerFile.read(file.bytes, path: file.path)
    }
  }

  /// A tokenizer for two letters with these components.
  private func tokenizer(_ parts: String) throws(FileFormatError) -> Tokenizer {
    let model = #"{"type": "BPE", "vocab": {"a": 0, "b": 1}, "merges": []}"#
    return try open(#"{"model": \#(model), \#(parts)}"#)
  }

  private func list(_ part: String, _ count: Int) -> String {
    Array(repeating: part, count: count).joined(separator: ",")
  }

  @Test func whatMakesTextsLongerMustNotMultiply() throws {
    let double = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
    let ten = try tokenizer(#""normalizer": {"type": "Sequence", "normalizers": [\#(list(double, 10))]}"#)
    #expect(ten.ids(of: "ab").count == 1_025)
    let template = #"{"type": "TemplateProcessing", "single": [\#(list(#"{"Sequence": {"id": "A"}}"#, 2))]}"#
    let nested = #"{"type": "Sequence", "normalizers": [\#(list(double, 4))]}"#
    let regex = #"{"type": "Replace", "pattern": {"Regex": "b*"}, "content": "aaa"}"#
    for (place, parts) in [
      ("normalizer, pre_tokenizer", #""normalizer": {"type": "Sequence", "normalizers": [\#(list(double, 11))]}"#),
      ("normalizer, pre_tokenizer", #""normalizer": {"type": "Sequence", "normalizers": [\#(list(nested, 3))]}"#),
      ("normalizer, pre_tokenizer", #""normalizer": {"type": "Sequence", "normalizers": [\#(list(regex, 6))]}"#),
      (
        "normalizer, pre_tokenizer",
        #""normalizer": \#(double), "pre_tokenizer": {"type": "Sequence", "pretokenizers": ["#
          + list(#"{"type": "ByteLevel"}"#, 10) + "]}"
      ),
      ("post_processor", #""post_processor": {"type": "Sequence", "processors": [\#(list(template, 11))]}"#),
      ("decoder", #""decoder": {"type": "Sequence", "decoders": [\#(list(double, 11))]}"#),
    ] {
      let error = #expect(throws: FileFormatError.self, "\(parts)") { _ = try tokenizer(parts) }
      #expect(error?.problems.map { "\($0.place)" } == [place])
      #expect(error?.problems.first?.expected == "steps that make a text at most 1024 times longer")
    }
  }

  /// Any number of replacements that keep the length is allowed.
  @Test func replacementsThatKeepTheLengthAreNotLimited() throws {
    let same = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "b"}"#
    let many = try tokenizer(#""normalizer": {"type": "Sequence", "normalizers": [\#(list(same, 200))]}"#)
    #expect(many.ids(of: String(repeating: "a", count: 1_000)) == Array(repeating: 1, count: 1_000))
  }

  /// Tokens without a text do not accumulate in a streaming decoder, and the text after them is returned.
  @Test func streamsForgetTokensWithoutText() throws {
    let model = #"{"type": "BPE", "vocab": {"a": 0, "": 1, "▁": 2}, "merges": []}"#
    let quiet = try open(
      #"{"model": \#(model), "decoder": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"}}"#)
    for silent: Int32 in [1, 7, -1] {
      var stream = quiet.streamingDecoder()
      var text = stream.append(0)
      for _ in 0..<20_000 { text += stream.append(silent) }
      text += stream.append(2) + stream.append(0) + stream.finish()
      #expect(text == "a a", "\(silent)")
    }
  }
}
