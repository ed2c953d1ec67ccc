// How much longer a tokenizer.json may make a text: replacements one after the other multiply.
// Read first: TokenizerFile+Parts.swift.

import ApusFiles
import Foundation

extension TokenizerFile {
  /// The most that normalizers and pre-tokenizers, or decoders, or post-processors may lengthen a text.
  ///
  /// (Published tokenizers stay below 100: `Precompiled` makes ﷺ eleven times longer, `ByteLevel` doubles what is not ASCII.)
  static let greatestGrowth = 1_024.0

  /// Makes sure that no text grows beyond that.
  ///
  /// A sequence of forty replacements of `a` by `aa` is a kilobyte of JSON, and makes a terabyte of one letter.
  func checkGrowth(_ root: JSONField) throws(FileFormatError) {
    var problems = ProblemList()
    func check(_ keys: String...) {
      let growth = keys.reduce(1) { $0 * TokenizerFile.growth(root[$1]) }
      if growth <= TokenizerFile.greatestGrowth { return }
      problems.add(
        .key(keys.joined(separator: ", ")),
        expected: "parts that make a text at most \(Int(TokenizerFile.greatestGrowth)) times longer",
        found: "parts that may make it \(growth < 1e6 ? "\(Int(growth)) times longer" : "over a million times longer")")
    }
    check("normalizer", "pre_tokenizer")
    check("post_processor")
    check("decoder")
    try problems.check(path: path)
  }

  /// A bound on what a part makes of one byte or token; 1 for parts that replace like by like.
  private static func growth(_ value: JSONField?) -> Double {
    guard let value else { return 1 }
    switch (try? value["type"]?.string()) ?? "" {
    case "Sequence":
      let lists = ["normalizers", "pretokenizers", "processors", "decoders"].compactMap { try? value[$0]?.array() }
      return lists.joined().reduce(1) { $0 * growth($1) }
    case "Replace":
      // A match has a byte at least, or is one more.
      let length = (try? value["content"]?.string().utf8.count) ?? 0
      let pattern = (try? value["pattern"]?["String"]?.string().utf8.count) ?? 0
      return max(1, pattern > 0 ? Double(length) / Double(pattern) : 1 + Double(length))
    case "ByteLevel": return 2
    case "BertNormalizer": return 5 / 3
    case "Precompiled":
      guard case .string(let text)? = value["precompiled_charsmap"]?.tree, let data = Data(base64Encoded: text),
        let map = try? CharacterMap(Array(data), path: value.path, place: value.place)
      else { return 1 }
      // (What is replaced has a byte at least, and what makes texts longer in published maps has three.)
      return max(1, Double(map.longestReplacement) / 3)
    case "TemplateProcessing":
      let counts = ["single", "pair"].flatMap { key -> [Int] in
        let parts = (try? value[key]?.array()) ?? []
        let names = parts.map { (try? $0["Sequence"]?["id"]?.string()) ?? "" }
        return ["A", "B"].map { name in names.count { $0 == name } }
      }
      return Double(max(1, counts.max() ?? 1))
    default: return 1
    }
  }
}

extension CharacterMap {
  /// Bytes of the longest replacement.
  fileprivate var longestReplacement: Int {
    replacements.split(separator: 0).map(\.count).max() ?? 0
  }
}
