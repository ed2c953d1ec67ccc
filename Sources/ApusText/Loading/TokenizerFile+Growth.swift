// Limits how much longer a tokenizer.json can make a text: the factors of consecutive replacements multiply.
// Read first: TokenizerFile+Parts.swift.

import ApusFiles
import Foundation

extension TokenizerFile {
  /// The maximum factor by which normalizers and pre-tokenizers, decoders, or post-processors may lengthen a text.
  ///
  /// Published tokenizers stay below 100: `Precompiled` makes ﷺ eleven times longer, and `ByteLevel` doubles text that
  /// is not ASCII.
  static let greatestGrowth = 1_024.0

  /// Checks that no text can grow beyond that factor.
  ///
  /// For example, a sequence of forty replacements of `a` by `aa` takes only a kilobyte of JSON, but turns a single
  /// letter into a terabyte.
  func checkGrowth(_ root: JSONField) throws(FileFormatError) {
    var problems = ProblemList()
    func check(_ keys: String...) {
      let growth = keys.reduce(1) { $0 * TokenizerFile.growth(root[$1]) }
      if growth <= TokenizerFile.greatestGrowth { return }
      problems.add(
        .key(keys.joined(separator: ", ")),
        expected: "steps that make a text at most \(Int(TokenizerFile.greatestGrowth)) times longer",
        found: "steps that may make it \(growth < 1e6 ? "\(Int(growth)) times longer" : "over a million times longer")")
    }
    check("normalizer", "pre_tokenizer")
    check("post_processor")
    check("decoder")
    try problems.check(path: path)
  }

  /// An upper bound on the growth of a byte or token in one step; 1 for steps that replace one by one.
  private static func growth(_ value: JSONField?) -> Double {
    guard let value else { return 1 }
    switch (try? value["type"]?.string()) ?? "" {
    case "Sequence":
      let lists = ["normalizers", "pretokenizers", "processors", "decoders"].compactMap { try? value[$0]?.array() }
      return lists.joined().reduce(1) { $0 * growth($1) }
    case "Replace":
      // A match of a string replaces all of its bytes; a match of a regular expression may be empty, so it adds to
      // them.
      let length = (try? value["content"]?.string().utf8.count) ?? 0
      let pattern = (try? value["pattern"]?["String"]?.string().utf8.count) ?? 0
      return max(1, pattern > 0 ? Double(length) / Double(pattern) : 1 + Double(length))
    case "ByteLevel": return 2
    case "BertNormalizer": return 5 / 3
    case "Precompiled":
      guard case .string(let text)? = value["precompiled_charsmap"]?.tree, let data = Data(base64Encoded: text),
        let map = try? CharacterMap(Array(data), path: value.path, place: value.place)
      else { return 1 }
      // A rule replaces at least one byte. In published maps, rules that lengthen a text replace at least three.
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
  /// The length in bytes of the longest replacement.
  fileprivate var longestReplacement: Int {
    replacements.split(separator: 0).map(\.count).max() ?? 0
  }
}
