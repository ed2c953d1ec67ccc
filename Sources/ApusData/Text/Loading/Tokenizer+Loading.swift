// From a model's folder to its tokenizer. Read first: TokenizerFile.swift.
// Read next: ../Tokenizer/Tokenizer.swift.

public import Foundation

extension Tokenizer {
  /// The tokenizer in a `tokenizer.json`.
  ///
  /// - Throws: all that is wrong with the file, or that it has a part that this package does not know.
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

/// The names of the tokens with a part to play, as `tokenizer_config.json` and `special_tokens_map.json` give them.
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
  /// The tokenizer of a model's folder.
  public init(folder: URL) throws(FileFormatError) {
    try self.init(contentsOf: folder.appending(path: "tokenizer.json"))
  }
}
