// Tokenizers from the files of SentencePiece and llama2.c, alone or in a model's folder.
// Read first: SentencePieceFile.swift, ScoredTokenFile.swift. Read next: Tokenizer+Loading.swift.

public import ApusFiles
public import Foundation

extension Tokenizer {
  /// The tokenizer in a SentencePiece model file (`spiece.model`, `tokenizer.model`): Unigram or byte-pair encoding.
  ///
  /// Ids and texts are those of the SentencePiece library: nothing is put around a text, names such as `<s>` within one are
  /// text like any other, and unknown pieces decode to " ⁇ ".
  ///
  /// - Throws: all that is wrong with the file.
  public init(sentencePiece url: URL) throws(FileFormatError) {
    self = try SentencePieceFile(contentsOf: url).tokenizer()
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
  /// What is done beside what the model says is decided by the `tokenizer_class` of `tokenizer_config.json`, else by the
  /// `model_type` of `config.json`.
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
