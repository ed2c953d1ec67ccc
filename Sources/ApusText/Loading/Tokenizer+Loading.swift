// Loads the tokenizer of a model folder. Read first: TokenizerFile.swift.
// Read next: ../Tokenizer/Tokenizer.swift.

public import ApusFiles
public import Foundation

extension Tokenizer {
  /// Reads a `tokenizer.json`.
  ///
  /// - Throws: everything that is wrong with the file, including components that are not supported.
  public init(contentsOf url: URL) throws(FileFormatError) {
    try self.init(contentsOf: url, roles: TokenRoleNames())
  }

  init(contentsOf url: URL, roles: TokenRoleNames) throws(FileFormatError) {
    let file = try MappedFile(contentsOf: url)
    self = try withExtendedLifetime(file) { () throws(FileFormatError) in
      try TokenizerFile.read(file.bytes, path: file.path, roles: roles)
    }
  }
}

/// The names of the tokens with special roles, from `tokenizer_config.json` and `special_tokens_map.json`.
struct TokenRoleNames {
  var names: [String: String] = [:]

  static let keys = [
    "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token",
  ]

  func roles(_ id: (String) -> Int32?) -> TokenRoles {
    var roles = TokenRoles()
    roles.begin = names["bos_token"].flatMap(id)
    roles.end = names["eos_token"].flatMap(id)
    roles.unknown = names["unk_token"].flatMap(id)
    roles.padding = names["pad_token"].flatMap(id)
    roles.separator = names["sep_token"].flatMap(id)
    roles.classifier = names["cls_token"].flatMap(id)
    roles.mask = names["mask_token"].flatMap(id)
    return roles
  }
}

extension Tokenizer {
  /// Reads the tokenizer of a model folder from the first of these that exists: `tokenizer.json`; `source.spm` with
  /// `target.spm` and `vocab.json` (Marian); `vocab.json` with `merges.txt` (GPT-2, RoBERTa, BART, CLIP); `vocab.txt`
  /// (BERT); a SentencePiece model (T5, Llama, XLM-RoBERTa, CamemBERT, ALBERT); a tokenizer file of llama2.c.
  ///
  /// `tokenizer_config.json` and `special_tokens_map.json` name the tokens with special roles. For plain vocabulary
  /// files, they and `config.json` also supply the settings that such files lack. If all three are missing, the
  /// settings are inferred from the vocabulary.
  ///
  /// - Throws: everything that is wrong with the first invalid file; or if the folder has none of these files.
  public init(folder: URL) throws(FileFormatError) {
    let files = TokenizerFolder(folder)
    let settings = try TokenizerSettings(files)
    if files.has("tokenizer.json") {
      try self.init(contentsOf: folder.appending(path: "tokenizer.json"), roles: settings.roleNames)
    } else if MarianTokenizer.isIn(files) {
      self = try MarianTokenizer(folder, settings).tokenizer()
    } else if let tokenizer = try PlainTokenizer.read(files, settings) {
      self = tokenizer
    } else if let tokenizer = try Tokenizer.ofScoredPieces(in: folder, settings) {
      self = tokenizer
    } else {
      let path = folder.path(percentEncoded: false)
      throw FileFormatError(
        path: path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path,
        expected: "tokenizer.json, vocab.txt, vocab.json with merges.txt or source.spm, or a SentencePiece model",
        found: files.has(".") ? "none of them" : "no such folder")
    }
  }

  /// Whether the folder has files that `init(folder:)` would read, valid or not.
  public static func hasFiles(in folder: URL) -> Bool {
    let files = TokenizerFolder(folder)
    return files.has("tokenizer.json") || files.has("vocab.txt") || (files.has("vocab.json") && files.has("merges.txt"))
      || MarianTokenizer.isIn(files) || hasScoredPieces(in: folder)
  }
}
