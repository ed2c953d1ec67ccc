// Prompts: prefixes of texts that tell a model their purpose. Read first: SentenceEmbedder.swift.

import ApusBase
import ApusFiles
import ApusTensor
import Foundation

/// The prompts of a sentence-embedding model by their names, such as `"query": "search for: "`.
public struct Prompts: Sendable, Equatable {
  /// The prompts by their names.
  public var texts: [String: String] = [:]
  /// The name of the default prompt; nil: none.
  public var standard: String?
  /// Whether the tokens of the prompt are pooled; the model reads them in any case.
  public var areIncluded = true

  /// No prompts.
  public init() {}

  /// The prompts in a folder's `config_sentence_transformers.json`.
  init(_ folder: URL, areIncluded: Bool) throws(FileFormatError) {
    self.areIncluded = areIncluded
    let url = folder.appendingPathComponent("config_sentence_transformers.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return }
    let file = try ConfigurationReader(contentsOf: url)
    if let list = file.object("prompts") { for key in list.keys { texts[key] = list.string(key) } }
    standard = file.string("default_prompt_name")
    if let standard, texts[standard] == nil {
      file.note("default_prompt_name", expected: "the name of a prompt", found: "\"\(standard)\"")
    }
    try file.check()
  }

  /// The name of the prompt for search queries; nil if there is none.
  public var forQueries: String? { first(of: ["query"]) }

  /// The name of the prompt for documents; nil if there is none.
  public var forDocuments: String? { first(of: ["document", "passage", "corpus"]) }

  private func first(of names: [String]) -> String? { names.first { texts[$0] != nil } ?? standard }

  /// The text of a prompt; without a name, that of the default prompt.
  ///
  /// - Precondition: there is a prompt of that name.
  func text(_ name: String?) -> String {
    guard let name = name ?? standard else { return "" }
    require(
      texts[name] != nil, "Prompts: no \"\(name)\" (there are: \(texts.keys.sorted().joined(separator: ", ")))")
    return texts[name] ?? ""
  }
}
