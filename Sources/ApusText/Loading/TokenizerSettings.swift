// The small configuration files of a tokenizer: special tokens, added tokens and options.
// Read first: JSONField.swift, TokenizerFolder.swift. Read next: PlainTokenizer.swift, Tokenizer+Loading.swift.

import ApusBase
import ApusFiles

/// The contents of `tokenizer_config.json`, `special_tokens_map.json` and `added_tokens.json`, each of which is
/// optional.
struct TokenizerSettings {
  /// A token as described in these files.
  struct Token: Equatable {
    var content: String
    var isSingleWord = false
    var stripsLeft = false
    var stripsRight = false
    var isNormalized = false
    /// Whether the file gives only the token's text and none of its options.
    var isBare = true

    func added(id: Int32, isSpecial: Bool) -> AddedToken {
      AddedToken(
        id: id, content: content, isSingleWord: isSingleWord, stripsLeft: stripsLeft, stripsRight: stripsRight,
        isNormalized: isNormalized, isSpecial: isSpecial)
    }
  }

  /// The tokens with special roles, by keys such as `bos_token`.
  var roles: [String: Token] = [:]
  /// Special tokens without a role.
  var additional: [Token] = []
  /// Tokens with explicit ids.
  var added: [AddedToken] = []
  /// The contents of `tokenizer_config.json`.
  var config: JSONField?

  init() {}

  /// Reads the files in a folder.
  ///
  /// - Throws: everything that is wrong with the first invalid file.
  init(_ folder: TokenizerFolder) throws(FileFormatError) {
    let map = try folder.object("special_tokens_map.json")
    config = try folder.object("tokenizer_config.json")
    for file in [map, config] {
      guard let file else { continue }
      for key in TokenRoleNames.keys {
        if let value = file[key] { roles[key] = try TokenizerSettings.token(value) }
      }
    }
    // The older file is used only if the newer one has no list of its own.
    let lists = [config, config?["added_tokens_decoder"] == nil ? map : nil].flatMap { file in
      [file?["additional_special_tokens"], file?["extra_special_tokens"]]
    }
    for list in lists {
      // Under the newer key there may also be an object, whose tokens have names.
      if case .object? = list?.tree { continue }
      for field in try list?.array() ?? [] {
        let token = try TokenizerSettings.token(field)
        if !additional.contains(where: { $0.content.utf8.elementsEqual(token.content.utf8) }) {
          additional.append(token)
        }
      }
    }
    if let field = config?["added_tokens_decoder"] {
      for (key, tree) in try field.members() {
        let value = JSONField(tree: tree, place: "\(field.place).\(quoted(key))", path: field.path)
        guard let id = Int32(key), id >= 0, id < Vocabulary.maximumID else {
          throw value.error("an id from 0 to \(Vocabulary.maximumID - 1) as the key", quoted(key))
        }
        let isSpecial = try value.bool("special", default: false)
        added.append(try TokenizerSettings.token(value).added(id: id, isSpecial: isSpecial))
      }
    }
    guard let list = try folder.object("added_tokens.json") else { return }
    let known = Set(added.map(\.id))
    for (key, tree) in try list.members() {
      let value = JSONField(tree: tree, place: quoted(key), path: list.path)
      let id = Int32(try value.int(0...Vocabulary.maximumID - 1))
      if known.contains(id) { continue }
      let isSpecial = (Array(roles.values) + additional).contains { $0.content.utf8.elementsEqual(key.utf8) }
      added.append(AddedToken(id: id, content: key, isSpecial: isSpecial))
    }
  }

  /// The names of the tokens with special roles.
  var roleNames: TokenRoleNames { TokenRoleNames(names: roles.mapValues(\.content)) }

  /// The texts of all special tokens.
  var specialTable: ByteStringTable {
    var table = ByteStringTable()
    for token in Array(roles.values) + additional { table.insert(Array(token.content.utf8), value: 1) }
    return table
  }

  /// Tokens that stand apart in decoded text: added tokens that are not special, and special tokens with an id of at
  /// least `first`.
  func tokensAlone(_ added: AddedTokenList, from first: Int) -> ByteStringTable {
    let special = specialTable
    var table = ByteStringTable()
    for token in added.tokens where special.find(token.content.utf8) < 0 {
      table.insert(Array(token.content.utf8), value: 1)
    }
    for token in additional where (added.id(of: token.content) ?? 0) >= first {
      table.insert(Array(token.content.utf8), value: 1)
    }
    return table
  }

  /// Reads a token: a string such as `"<s>"`, or an object with its content and options.
  private static func token(_ value: JSONField) throws(FileFormatError) -> Token {
    if case .string(let content) = value.tree { return Token(content: content) }
    guard case .object = value.tree else { throw value.error("a token, or an object with its content") }
    return Token(
      content: try value.require("content", "the token").string(),
      isSingleWord: try value.bool("single_word", default: false),
      stripsLeft: try value.bool("lstrip", default: false), stripsRight: try value.bool("rstrip", default: false),
      isNormalized: try value.bool("normalized", default: false), isBare: false)
  }
}
