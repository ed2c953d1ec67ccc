// Tokenizers from the files of SentencePiece and llama2.c, alone or in a model folder.
// Read first: SentencePieceFile.swift, ScoredTokenFile.swift. Read next: Tokenizer+Loading.swift.

public import ApusFiles
public import Foundation

extension Tokenizer {
  /// Reads a SentencePiece model file (`spiece.model`, `tokenizer.model`), which contains a unigram or byte-pair
  /// encoding model.
  ///
  /// Ids and texts are those of the SentencePiece library: no special tokens are added, names such as `<s>` in a text
  /// are ordinary text, and unknown pieces are decoded to " ⁇ ".
  ///
  /// - Throws: everything that is wrong with the file.
  public init(sentencePiece url: URL) throws(FileFormatError) {
    self = try SentencePieceFile(contentsOf: url).tokenizer()
  }

  /// Reads a tokenizer file of llama2.c (`tokenizer.bin`, `tok512.bin`); `<s>` is put before every text.
  ///
  /// - Parameters:
  ///   - url: the address of the file.
  ///   - count: the number of tokens, which is the vocabulary size of the model; nil for all tokens in the file.
  /// - Throws: if the file is invalid, with the place of the error.
  public init(llama2c url: URL, count: Int? = nil) throws(FileFormatError) {
    let file = try MappedFile(contentsOf: url)
    self = try withExtendedLifetime(file) { () throws(FileFormatError) in
      try ScoredTokenFile.read(file.bytes, path: file.path, count: count)
    }
  }

  // MARK: Folders

  /// The names of SentencePiece models in model folders.
  static let sentencePieceNames = ["spiece.model", "sentencepiece.bpe.model", "tokenizer.model"]

  /// Whether a folder has a SentencePiece model or a tokenizer file of llama2.c.
  static func hasScoredPieces(in folder: URL) -> Bool {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    return entries.contains { sentencePieceNames.contains($0) || ($0.hasPrefix("tok") && $0.hasSuffix(".bin")) }
  }

  /// Reads the tokenizer of a folder with a SentencePiece model or a tokenizer file of llama2.c; nil if it has neither.
  ///
  /// The model family, which determines ids and special tokens, is given by the `tokenizer_class` in
  /// `tokenizer_config.json`, or else by the `model_type` in `config.json`.
  static func ofScoredPieces(in folder: URL, _ settings: TokenizerSettings) throws(FileFormatError) -> Tokenizer? {
    let exists = TokenizerFolder(folder).has
    if let name = sentencePieceNames.first(where: exists) {
      let file = try SentencePieceFile(contentsOf: folder.appending(path: name))
      let family = try PieceFamily(settings, folder: folder, model: file.path)
      return try PieceTokenizer(file, family, settings).tokenizer()
    }
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false))) ?? []
    let files = entries.filter { $0.hasPrefix("tok") && $0.hasSuffix(".bin") }.sorted()
    guard let name = files.first(where: { $0 == "tokenizer.bin" }) ?? files.first else { return nil }
    return try Tokenizer(llama2c: folder.appending(path: name))
  }
}
