// What is put before texts so that a model knows what they are for. Read first: SentenceEmbedder.swift.

import ApusBase
import ApusFiles
import ApusTensor
import Foundation

/// The prompts of a sentence-embedding model by their names, such as `"query": "search for: "`.
public struct Prompts: Sendable, Equatable {
  /// The prompts by their names.
  public var texts: [String: String] = [:]
  /// The name of the prompt of texts for which none was chosen.
  public var standard: String?
  /// Whether the prompt's tokens are pooled, too; the model reads them anyway.
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

  /// The name of the prompt for what is looked for, if there is one.
  public var forQueries: String? { first(of: ["query"]) }

  /// The name of the prompt for what is looked through, if there is one.
  public var forDocuments: String? { first(of: ["document", "passage", "corpus"]) }

  private func first(of names: [String]) -> String? { names.first { texts[$0] != nil } ?? standard }

  /// The text of a prompt; of none, the standard one's.
  ///
  /// - Precondition: there is a prompt of that name.
  func text(_ name: String?) -> String {
    guard let name = name ?? standard else { return "" }
    require(
      texts[name] != nil, "Prompts: no \"\(name)\" (there are: \(texts.keys.sorted().joined(separator: ", ")))")
    return texts[name] ?? ""
  }
}
