// Builds the tokenizer of a published model from its SentencePiece file.
// Read first: PieceFamily.swift, SentencePieceFile+Tokenizer.swift. Read next: MarianTokenizer.swift.

import ApusFiles
import Foundation

/// Adds a family's ids and special tokens to SentencePiece's encoding.
///
/// Ids and texts are those of the transformers library's tokenizers that read the same files without a tokenizer.json.
struct PieceTokenizer {
  private let file: SentencePieceFile
  private let family: PieceFamily
  private var settings: TokenizerSettings
  private let vocabulary: Vocabulary
  private let numbers: [Int32]
  /// Added tokens that the family defines without a file.
  private var own: [AddedToken] = []

  /// Combines a file with the family's rules and the folder's settings.
  ///
  /// - Throws: if the files contradict each other or the family.
  init(_ file: SentencePieceFile, _ family: PieceFamily, _ settings: TokenizerSettings) throws(FileFormatError) {
    (self.file, self.family, self.settings) = (file, family, settings)
    (vocabulary, numbers) = try family.numbers(file)
    for (key, token) in family.roles where settings.roles[key] == nil { self.settings.roles[key] = token }
    if family.maskStripsLeft, self.settings.roles["mask_token"]?.isBare == true {
      self.settings.roles["mask_token"]?.stripsLeft = true
    }
    if family == .t5 { try addSentinels() }
    if family == .camembert {
      let names = (0...4).compactMap { vocabulary.token(of: $0) }
      own = names.enumerated().map { AddedToken(id: Int32($0), content: $1) }
      if settings.additional.isEmpty {
        self.settings.additional = [names[0], names[2], names[4]].map { TokenizerSettings.Token(content: $0) }
      }
    }
  }

  func tokenizer() throws(FileFormatError) -> Tokenizer {
    if settings.roles.isEmpty, settings.additional.isEmpty, settings.added.isEmpty { return file.tokenizer() }
    let added = addedTokens()
    var roles = settings.roleNames.roles { added.id(of: $0) ?? vocabulary.id(of: $0) }
    if family == .plain || family == .t5 { file.complete(&roles) }
    let model = RenumberedModel(
      file.model(), unknown: file.unknown, numbers: numbers, vocabulary: vocabulary,
      unknown: roles.unknown ?? file.unknown)
    let isLegacy = try settings.config?.bool("legacy", default: true) ?? true
    let addsSpace = try settings.config?.bool("add_prefix_space", default: true) ?? true
    let isSectioned = !isLegacy && (family == .t5 || family == .llama)
    var normalizer: any Normalizer = file.normalizer(file.spaces)
    if isSectioned { normalizer = SectionNormalizer(addsSpace: addsSpace, file.normalizer, file.spaces) }
    if family == .albert { normalizer = NormalizerSequence(normalizers: PieceTokenizer.lowering + [normalizer]) }
    let decoder = SectionDecoder(
      style: style(addsSpace: addsSpace, isLegacy: isLegacy),
      pieces: file.decoder(dropsSpace: !isSectioned && file.spaces.addsSpace, knowsPieces: true),
      special: settings.specialTable, alone: settings.tokensAlone(added, from: pieceCount))
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: normalizer, preTokenizer: nil, model: model, addedTokens: added.found,
        markIsSpace: isSectioned),
      postProcessor: try frame(roles), decoder: decoder, addedTokens: added.tokens, roles: roles,
      controlIDs: family == .plain ? file.controls : [])
  }

  /// The id from which tokens are not part of the model itself.
  private var pieceCount: Int { file.pieces.count + (family == .xlmRoberta ? 2 : 0) }

  // MARK: Special tokens

  private func addedTokens() -> AddedTokenList {
    var list = AddedTokenList(vocabulary)
    // CamemBERT's own tokens replace those from the files; T5's do not.
    for token in family == .camembert ? settings.added + own : own + settings.added { list.add(token) }
    list.complete(settings)
    return list
  }

  /// Adds T5's sentinels, the first of which has the largest id. Their number comes from the files.
  private mutating func addSentinels() throws(FileFormatError) {
    let count = try settings.config?["extra_ids"]?.int(0...1 << 12) ?? 100
    let all = (0..<count).map { TokenizerSettings.Token(content: "<extra_id_\($0)>") }
    var listed = settings.additional.count { $0.content.contains("<extra_id_") }
    if settings.additional.isEmpty {
      listed = count
    } else if listed > 0, count > 0, listed != count {
      throw FileFormatError(
        path: settings.config?.path ?? file.path, place: .key("extra_ids"),
        expected: "\(listed), the number of sentinels in additional_special_tokens", found: "\(count)")
    }
    // If additional tokens are listed without sentinels, the sentinels follow them, in the order of their names.
    if listed == 0 || settings.additional.isEmpty { settings.additional += all }
    own = (0..<listed).map { i in
      AddedToken(
        id: Int32(file.pieces.count - 1 + count - i), content: "<extra_id_\(i)>", stripsLeft: true, stripsRight: true)
    }
  }

  // MARK: Templates, styles

  private func frame(_ roles: TokenRoles) throws(FileFormatError) -> (any PostProcessor)? {
    func named(_ key: String, _ id: Int32?) -> (id: Int32, token: String)? {
      id.map { ($0, settings.roles[key]?.content ?? "") }
    }
    switch family {
    case .plain: return nil
    case .t5: return named("eos_token", roles.end).map { EndFrame(end: $0) }
    case .llama, .gemma:
      let addsBegin = try settings.config?.bool("add_bos_token", default: true) ?? true
      let addsEnd = try settings.config?.bool("add_eos_token", default: false) ?? false
      return Template.around(
        before: addsBegin ? named("bos_token", roles.begin) : nil,
        behind: addsEnd ? named("eos_token", roles.end) : nil)
    case .albert, .xlmRoberta, .camembert:
      guard let start = named("cls_token", roles.classifier), let separator = named("sep_token", roles.separator)
      else { return nil }
      return ClassifierFrame(start: start, separator: separator, isRoberta: family != .albert)
    }
  }

  private func style(addsSpace: Bool, isLegacy: Bool) -> SectionDecoder.Style {
    switch family {
    case .t5: .t5(addsSpace: addsSpace)
    case .llama: .llama(addsSpace: addsSpace, isLegacy: isLegacy)
    case .plain, .gemma, .albert, .camembert: .t5(addsSpace: false)
    case .xlmRoberta: .joined
    }
  }

  /// ALBERT's normalization: TeX quotation marks are replaced, text is lowercased, and accents are removed.
  private static let lowering: [any Normalizer] = [
    Replace(pattern: TextPattern(string: "``"), replacement: "\""),
    Replace(pattern: TextPattern(string: "''"), replacement: "\""), NormalizationForm.nfkd, StripAccents(), Lowercase(),
  ]
}

/// Collects added tokens; those that are in no vocabulary get the next free ids.
struct AddedTokenList {
  private(set) var tokens: [AddedToken] = []
  /// The tokens in the order in which they are searched for: of two with the same spelling, the last one wins.
  var found: [AddedToken] { tokens.reversed() }
  private var places: [Int32: Int] = [:]
  private var ids = ByteStringTable()
  private let vocabulary: Vocabulary

  init(_ vocabulary: Vocabulary) { self.vocabulary = vocabulary }

  func id(of content: String) -> Int32? {
    let id = ids.find(content.utf8)
    return id < 0 ? nil : id
  }

  /// Adds a token, replacing one with the same id. The token is searched for in the original text, not in the
  /// normalized one.
  mutating func add(_ token: AddedToken) {
    let token = AddedToken(
      id: token.id, content: token.content, isSingleWord: token.isSingleWord, stripsLeft: token.stripsLeft,
      stripsRight: token.stripsRight, isNormalized: false, isSpecial: token.isSpecial)
    ids.insert(Array(token.content.utf8), value: token.id)
    if let place = places[token.id] {
      tokens[place] = token
    } else {
      places[token.id] = tokens.count
      tokens.append(token)
    }
  }

  /// Adds the tokens with special roles and the other special tokens that are still missing.
  mutating func complete(_ settings: TokenizerSettings) {
    var next = Int32(vocabulary.table.count + tokens.count { vocabulary.id(of: $0.content) == nil })
    for token in TokenRoleNames.keys.compactMap({ settings.roles[$0] }) + settings.additional
    where !token.content.isEmpty && id(of: token.content) == nil {
      let id = vocabulary.id(of: token.content) ?? next
      if id == next { next += 1 }
      add(token.added(id: id, isSpecial: true))
    }
  }
}

/// Appends `</s>` to every text that does not already end with it.
struct EndFrame: PostProcessor {
  let end: (id: Int32, token: String)

  func process(_ encodings: [Encoding], addingSpecialTokens: Bool) -> [Encoding] {
    encodings.map { encoding in
      var encoding = encoding
      encoding.setTypeId(0)
      guard addingSpecialTokens else { return encoding }
      let parts = encoding.overflowing.map(ended)
      encoding.overflowing = []
      encoding = ended(encoding)
      encoding.overflowing = parts
      return encoding
    }
  }

  private func ended(_ encoding: Encoding) -> Encoding {
    if encoding.ids.last == end.id { return encoding }
    var result = encoding
    result.append(Encoding(special: [end], typeId: 0))
    return result
  }

  func addedCount(isPair: Bool) -> Int { isPair ? 2 : 1 }
}
