// Tokenizers of folders without tokenizer.json: BERT's vocab.txt, and GPT-2's vocab.json with merges.txt.
// Read first: TokenizerSettings.swift, TokenizerFile+Model.swift. Read next: VocabularyFile.swift.

import ApusBase
import ApusFiles

/// Builds tokenizers from plain vocabulary files and from what is known about each model family.
struct PlainTokenizer {
  /// The families with the same format of byte-pair encoding files.
  enum Family: String {
    case gpt2, roberta, clip
  }

  private let folder: TokenizerFolder
  private var settings: TokenizerSettings

  init(folder: TokenizerFolder, settings: TokenizerSettings) { (self.folder, self.settings) = (folder, settings) }

  /// Reads the tokenizer from the folder's plain files; nil if it has none.
  static func read(_ folder: TokenizerFolder, _ settings: TokenizerSettings) throws(FileFormatError) -> Tokenizer? {
    let plain = PlainTokenizer(folder: folder, settings: settings)
    let hasLines = folder.has("vocab.txt")
    if folder.has("vocab.json"), folder.has("merges.txt") || !hasLines { return try plain.bytePair() }
    if hasLines { return try plain.wordPiece() }
    return nil
  }

  // MARK: WordPiece

  private func wordPiece() throws(FileFormatError) -> Tokenizer {
    var plain = self
    plain.assume([
      "unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]", "mask_token": "[MASK]",
    ])
    return try plain.assembleWordPiece()
  }

  private func assembleWordPiece() throws(FileFormatError) -> Tokenizer {
    let config = settings.config
    let lowercases = try config?.bool("do_lower_case", default: true) ?? true
    let normalizer = BertNormalizer(
      cleansText: true, separatesIdeographs: try config?.bool("tokenize_chinese_chars", default: true) ?? true,
      stripsAccents: try config?.bool("strip_accents", default: lowercases) ?? lowercases, lowercases: lowercases)
    let file = try folder.file("vocab.txt")
    let (vocabulary, path) = (try VocabularyFile.lines(file), file.path)
    var missing: [FileFormatError.Problem] = []
    let unknown = special("unk_token", vocabulary, &missing)
    let start = special("cls_token", vocabulary, &missing)
    let separator = special("sep_token", vocabulary, &missing)
    guard missing.isEmpty else { throw FileFormatError(path: path, problems: missing) }
    let model = WordPieceModel(
      vocabulary: vocabulary, unknown: unknown.id, prefix: Array("##".utf8), longestWord: 100)
    return tokenizer(
      model, normalizer: normalizer, preTokenizer: BertPreTokenizer(),
      postProcessor: ClassifierFrame(start: start, separator: separator, isRoberta: false),
      decoder: WordPieceDecoder(prefix: "##", cleansUp: true))
  }

  // MARK: Byte-pair encoding

  private func bytePair() throws(FileFormatError) -> Tokenizer {
    let file = try folder.file("vocab.json")
    let (vocabulary, path) = (try VocabularyFile.object(file), file.path)
    var plain = self
    let family = try family(vocabulary)
    switch family {
    case .gpt2:
      plain.assume(["bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>"])
    case .roberta:
      plain.assume([
        "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>", "sep_token": "</s>",
        "cls_token": "<s>",
      ])
      // The mask token includes the space before the hidden word.
      if plain.settings.roles["mask_token"] == nil {
        plain.settings.roles["mask_token"] = TokenizerSettings.Token(content: "<mask>", stripsLeft: true)
      }
    case .clip:
      plain.assume([
        "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
        "pad_token": "<|endoftext|>",
      ])
    }
    var options = BytePairModel.Options()
    if family == .clip { options.suffix = Array("</w>".utf8) }
    guard BytePairModel.coversBytes(vocabulary, options) else {
      throw FileFormatError(
        path: path, expected: "a token for each of the 256 bytes in GPT-2's spelling",
        found: "a vocabulary of another kind")
    }
    let merges = try VocabularyFile.merges(folder.file("merges.txt"), vocabulary)
    let model = BytePairModel(vocabulary: vocabulary, merges: merges, options: options, onBytes: true)
    return try plain.assemble(family, model, path: path)
  }

  private func assemble(_ family: Family, _ model: BytePairModel, path: String) throws(FileFormatError) -> Tokenizer {
    let hasPrefix = try settings.config?.bool("add_prefix_space", default: false) ?? false
    let words = ByteLevel(addsPrefixSpace: hasPrefix, cutsWords: true, spellsBytes: false)
    var missing: [FileFormatError.Problem] = []
    let vocabulary = model.vocabulary
    let result: Tokenizer
    switch family {
    case .gpt2:
      var frame: (any PostProcessor)?
      if try settings.config?.bool("add_bos_token", default: false) ?? false {
        let begin = Template.Part.special([special("bos_token", vocabulary, &missing)], typeId: 0)
        let (a, b) = (Template.Part.text(0, typeId: 0), Template.Part.text(1, typeId: 0))
        frame = Template(single: [begin, a], pair: [begin, a, begin, b])
      }
      result = tokenizer(
        model, normalizer: nil, preTokenizer: words, postProcessor: frame, decoder: ByteLevelDecoder())
    case .roberta:
      let frame = ClassifierFrame(
        start: special("cls_token", vocabulary, &missing), separator: special("sep_token", vocabulary, &missing),
        isRoberta: true)
      result = tokenizer(
        model, normalizer: nil, preTokenizer: words,
        postProcessor: PostProcessorSequence(steps: [OffsetTrimmer(hasPrefixSpace: hasPrefix), frame]),
        decoder: ByteLevelDecoder())
    case .clip:
      let frame = ClassifierFrame(
        start: special("bos_token", vocabulary, &missing), separator: special("eos_token", vocabulary, &missing),
        isRoberta: true)
      let spaces = Replace(pattern: try pattern(#"\s+"#, path), replacement: " ")
      let cut = PatternSplit(
        pattern: try pattern(#"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"#, path),
        behavior: .removed, isInverted: true)
      result = tokenizer(
        model, normalizer: NormalizerSequence(normalizers: [NormalizationForm.nfc, spaces, Lowercase()]),
        preTokenizer: PreTokenizerSequence(steps: [
          cut, ByteLevel(addsPrefixSpace: false, cutsWords: true, spellsBytes: false),
        ]),
        postProcessor: frame,
        decoder: DecoderSequence(steps: [
          ByteLevelDecoder(), ReplaceDecoder(pattern: TextPattern(string: "</w>"), replacement: " "),
          StripDecoder(content: " ", start: .max, stop: .max),
        ]))
    }
    guard missing.isEmpty else { throw FileFormatError(path: path, problems: missing) }
    return result
  }

  private func pattern(_ regex: String, _ path: String) throws(FileFormatError) -> TextPattern {
    do throws(PatternError) {
      return try TextPattern(regex: regex)
    } catch {
      throw FileFormatError(path: path, expected: "CLIP's pattern", found: error.message)
    }
  }

  /// Determines the family from the files, or else from the vocabulary.
  private func family(_ vocabulary: Vocabulary) throws(FileFormatError) -> Family {
    if let field = settings.config?["tokenizer_class"] {
      var name = try field.string()
      for end in ["Fast", "Tokenizer"] where name.hasSuffix(end) { name.removeLast(end.count) }
      switch name {
      case "GPT2", "CodeGen", "Whisper": return .gpt2
      case "Roberta", "Bart", "Longformer", "LED": return .roberta
      case "CLIP": return .clip
      // These classes belong to no particular family.
      case "PreTrained", "": break
      default: throw field.error("the tokenizer of GPT-2, RoBERTa, BART or CLIP, or a tokenizer.json")
      }
    }
    if let config = try folder.object("config.json") {
      switch try config.string("model_type", default: "") {
      case "gpt2", "gpt_neo", "gptj", "opt", "whisper", "codegen": return .gpt2
      case "roberta", "bart", "longformer", "led": return .roberta
      case "clip", "clip_text_model", "clip_vision_model": return .clip
      default: break
      }
    }
    func has(_ tokens: String...) -> Bool { tokens.allSatisfy { vocabulary.id(of: $0) != nil } }
    if has("<|startoftext|>", "<|endoftext|>", "a</w>") { return .clip }
    return has("<s>", "</s>", "<pad>", "<mask>") ? .roberta : .gpt2
  }

  // MARK: Special tokens

  /// Sets default tokens for roles that the files do not specify.
  private mutating func assume(_ names: [String: String]) {
    for (key, name) in names where settings.roles[key] == nil {
      settings.roles[key] = TokenizerSettings.Token(content: name)
    }
  }

  private func id(of token: String, _ vocabulary: Vocabulary) -> Int32? {
    settings.added.last { $0.content.utf8.elementsEqual(token.utf8) }?.id ?? vocabulary.id(of: token)
  }

  /// A token that must have an id; otherwise it is added to `missing`.
  private func special(
    _ key: String, _ vocabulary: Vocabulary, _ missing: inout [FileFormatError.Problem]
  ) -> (id: Int32, token: String) {
    let name = settings.roles[key]?.content ?? ""
    if let id = id(of: name, vocabulary) { return (id, name) }
    missing.append(.init(place: .key(key), expected: "the token \(quoted(name))", found: "no such token"))
    return (0, name)
  }

  private func tokenizer(
    _ model: any TokenModel, normalizer: (any Normalizer)?, preTokenizer: any PreTokenizer,
    postProcessor: (any PostProcessor)?, decoder: any TextDecoder
  ) -> Tokenizer {
    var added = settings.added
    for key in TokenRoleNames.keys {
      guard let token = settings.roles[key], let id = id(of: token.content, model.vocabulary),
        !added.contains(where: { $0.id == id })
      else { continue }
      added.append(token.added(id: id, isSpecial: true))
    }
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: normalizer, preTokenizer: preTokenizer, model: model, addedTokens: added),
      postProcessor: postProcessor, decoder: decoder, addedTokens: added,
      roles: settings.roleNames.roles { id(of: $0, model.vocabulary) })
  }
}
