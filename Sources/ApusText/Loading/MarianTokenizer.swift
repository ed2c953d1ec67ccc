// Marian's tokenizers: a SentencePiece model for each language, and a vocabulary with the ids of the pieces.
// Read first: PieceTokenizer.swift, ../Subwords/RenumberedModel.swift.

public import ApusFiles
public import Foundation

extension Tokenizer {
  /// The tokenizer of a Marian folder for text in the target language, which is needed for training labels.
  ///
  /// `init(folder:)` gives the tokenizer for the source language. Both decode the output of the model.
  ///
  /// - Throws: everything that is wrong with the first invalid file; or if a file is missing.
  public init(marianTarget folder: URL) throws(FileFormatError) {
    self = try MarianTokenizer(folder, TokenizerSettings(TokenizerFolder(folder))).tokenizer(forTarget: true)
  }
}

/// Reads `source.spm`, `target.spm` and `vocab.json`, and also `target_vocab.json` if the languages have separate
/// vocabularies.
///
/// A text may begin with a code for the target language, such as `>>fra<<`. Ids and texts are those of MarianTokenizer
/// in the transformers library without the optional normalization of punctuation (sacremoses).
struct MarianTokenizer {
  private let folder: URL
  private var settings: TokenizerSettings
  private let vocabulary: Vocabulary
  /// The vocabulary of the target language.
  private let written: Vocabulary

  private static let names = ["eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"]

  /// Whether a folder contains the files of a Marian model.
  static func isIn(_ files: TokenizerFolder) -> Bool { files.has("source.spm") }

  init(_ folder: URL, _ settings: TokenizerSettings) throws(FileFormatError) {
    (self.folder, self.settings) = (folder, settings)
    for (key, name) in MarianTokenizer.names where settings.roles[key] == nil {
      self.settings.roles[key] = TokenizerSettings.Token(content: name)
    }
    let isShared = try settings.config?.bool("separate_vocabs", default: false) != true
    let files = TokenizerFolder(folder)
    vocabulary = try VocabularyFile.object(files.file("vocab.json"))
    written = isShared ? vocabulary : try VocabularyFile.object(files.file("target_vocab.json"))
    var problems: [FileFormatError.Problem] = []
    for key in MarianTokenizer.names.keys.sorted() {
      let name = self.settings.roles[key]?.content ?? ""
      if vocabulary.id(of: name) == nil {
        problems.append(.init(place: .key(key), expected: "the token \(quoted(name))", found: "no such token"))
      }
    }
    guard problems.isEmpty else {
      throw FileFormatError(
        path: folder.appending(path: "vocab.json").path(percentEncoded: false), problems: problems)
    }
  }

  func tokenizer(forTarget: Bool = false) throws(FileFormatError) -> Tokenizer {
    let (source, target) = (
      try SentencePieceFile(contentsOf: folder.appending(path: "source.spm")),
      try SentencePieceFile(contentsOf: folder.appending(path: "target.spm"))
    )
    let (file, numbered) = forTarget ? (target, written) : (source, vocabulary)
    var added = AddedTokenList(vocabulary)
    for token in settings.added { added.add(token) }
    added.complete(settings)
    let roles = settings.roleNames.roles { added.id(of: $0) ?? vocabulary.id(of: $0) }
    let unknown = numbered.id(of: settings.roles["unk_token"]?.content ?? "") ?? roles.unknown ?? 0
    let model = RenumberedModel(
      file.model(), unknown: file.unknown,
      numbers: file.pieces.map { piece in
        let id = numbered.id(of: piece.bytes)
        return id < 0 ? unknown : id
      },
      vocabulary: numbered, unknown: unknown, hasLanguageCodes: true)
    let end = Template.Part.special([(roles.end ?? 0, settings.roles["eos_token"]?.content ?? "")], typeId: 0)
    let (a, b) = (Template.Part.text(0, typeId: 0), Template.Part.text(1, typeId: 0))
    let decoder = SectionDecoder(
      style: .marian, pieces: target.decoder(dropsSpace: target.spaces.addsSpace, knowsPieces: true),
      special: settings.specialTable, alone: settings.tokensAlone(added, from: vocabulary.table.count))
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: LanguageCodeNormalizer(rest: file.normalizer(file.spaces)), preTokenizer: nil, model: model,
        addedTokens: added.found),
      postProcessor: Template(single: [a, end], pair: [a, b, end]), decoder: decoder, addedTokens: added.tokens,
      roles: roles, writtenVocabulary: written)
  }
}
