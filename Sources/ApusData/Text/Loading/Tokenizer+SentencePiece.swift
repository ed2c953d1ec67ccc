// Tokenizers from the files of SentencePiece and llama2.c, alone or in a model's folder.
// Read first: SentencePieceFile.swift, ScoredTokenFile.swift. Read next: Tokenizer+Loading.swift.

public import Foundation

extension Tokenizer {
  /// The tokenizer in a SentencePiece model file (`spiece.model`, `tokenizer.model`): Unigram or byte-pair encoding.
  ///
  /// Ids and texts are those of the SentencePiece library: nothing is put around a text, names such as `<s>` within one are
  /// text like any other, and unknown pieces decode to " ⁇ ".
  ///
  /// - Throws: all that is wrong with the file.
  public init(sentencePiece url: URL) throws(FileFormatError) {
    self = try Tokenizer.sentencePieceFile(url).tokenizer()
  }

  /// The tokenizer in a file of llama2.c (`tokenizer.bin`, `tok512.bin`); `<s>` is put before every text.
  ///
  /// - Parameter count: the number of tokens, as the model's vocabulary has them; nil for all in the file.
  /// - Throws: where the file is wrong.
  public init(llama2c url: URL, count: Int? = nil) throws(FileFormatError) {
    let file = try MappedFile(contentsOf: url)
    self = try withExtendedLifetime(file) { () throws(FileFormatError) in
      try ScoredTokenFile.read(file.bytes, path: file.path, count: count)
    }
  }

  private static func sentencePieceFile(_ url: URL) throws(FileFormatError) -> SentencePieceFile {
    let file = try MappedFile(contentsOf: url)
    return try withExtendedLifetime(file) { () throws(FileFormatError) in
      try SentencePieceFile(file.bytes, path: file.path)
    }
  }

  // MARK: Folders

  /// The names that SentencePiece models have in models' folders.
  static let sentencePieceNames = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model"]

  /// Whether a folder has a SentencePiece model or a file of llama2.c.
  static func hasScoredPieces(in folder: URL) -> Bool {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return entries.contains { sentencePieceNames.contains($0) || ($0.hasPrefix("tok") && $0.hasSuffix(".bin")) }
  }

  /// The tokenizer of a folder with a SentencePiece model or a file of llama2.c; nil if it has neither.
  ///
  /// What is put around a text is decided by the `model_type` of `config.json`: T5's `</s>` behind it, Llama's `<s>` before it
  /// (or as `tokenizer_config.json` says), ALBERT's and XLM-RoBERTa's frames.
  static func ofScoredPieces(
    in folder: URL, names: TokenRoleNames = TokenRoleNames()
  ) throws(FileFormatError) -> Tokenizer? {
    func exists(_ name: String) -> Bool {
      FileManager.default.fileExists(atPath: folder.appending(path: name).path(percentEncoded: false))
    }
    func members(_ name: String) throws(FileFormatError) -> [String: JSONDocument] {
      exists(name) ? try JSONDocument(contentsOf: folder.appending(path: name)).members ?? [:] : [:]
    }
    if let name = sentencePieceNames.first(where: exists) {
      var file = try sentencePieceFile(folder.appending(path: name))
      var type = ""
      if case .string(let name)? = try members("config.json")["model_type"] { type = name }
      let family = try file.family(of: type, settings: members("tokenizer_config.json"))
      return file.tokenizer(names, family: family)
    }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    let files = entries.filter { $0.hasPrefix("tok") && $0.hasSuffix(".bin") }.sorted()
    guard let name = files.first(where: { $0 == "tokenizer.bin" }) ?? files.first else { return nil }
    return try Tokenizer(llama2c: folder.appending(path: name))
  }
}

extension SentencePieceFile {
  /// What the models of a type do, whose pieces are numbered accordingly.
  ///
  /// - Throws: models of this type number the pieces in a way that is not known here.
  fileprivate mutating func family(
    of type: String, settings: [String: JSONDocument]
  ) throws(FileFormatError) -> TokenizerFamily {
    switch type {
    case "t5", "mt5", "umt5", "longt5", "switch_transformers":
      return .around(before: { _ in nil }, behind: { $0.end })
    case "llama", "mistral", "mixtral", "gemma", "gemma2":
      let addsBegin = settings["add_bos_token"] != .bool(false)
      let addsEnd = settings["add_eos_token"] == .bool(true)
      return .around(before: { addsBegin ? $0.begin : nil }, behind: { addsEnd ? $0.end : nil })
    case "albert": return .albert
    case "xlm-roberta":
      try renumberAsXLMRoberta()
      return TokenizerFamily(frame: { _, _ in
        ClassifierFrame(start: (0, "<s>"), separator: (2, "</s>"), isRoberta: true)
      })
    case "camembert", "mbart", "m2m_100", "nllb", "nllb-moe", "pegasus", "xglm", "marian", "speech_to_text", "plbart":
      throw FileFormatError(
        path: path, expected: "a tokenizer.json beside it",
        found: "none; models of the type \(quoted(type)) do not use the numbers in this file")
    default: return .plain
    }
  }

  /// fairseq's numbers: `<s>`, `<pad>`, `</s>`, `<unk>`, all other pieces, `<mask>`.
  private mutating func renumberAsXLMRoberta() throws(FileFormatError) {
    guard pieces.count > 3, pieces[0].kind == .unknown, pieces[1].kind == .control, pieces[2].kind == .control else {
      throw FileFormatError(
        path: path, expected: "an unknown piece, then two control pieces, for a model of the type \"xlm-roberta\"",
        found: "other pieces")
    }
    let first = ["<s>", "<pad>", "</s>"].map { Piece(bytes: Array($0.utf8), kind: .control) }
    let last = Piece(bytes: Array("<mask>".utf8), kind: .control)
    pieces = first + [Piece(bytes: Array("<unk>".utf8), kind: .unknown)] + pieces.dropFirst(3) + [last]
    (begin, end, padding) = ("<s>", "</s>", "<pad>")
  }
}
