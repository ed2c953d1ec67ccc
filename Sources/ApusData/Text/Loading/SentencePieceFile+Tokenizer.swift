// From what a SentencePiece model file says to a tokenizer. Read first: SentencePieceFile.swift.
// Read next: ../Models/ScoredPairModel.swift, Tokenizer+SentencePiece.swift.

extension SentencePieceFile {
  /// The tokenizer: SentencePiece's own ids, and what a model's family does besides.
  func tokenizer(_ names: TokenRoleNames = TokenRoleNames(), family: TokenizerFamily = .plain) -> Tokenizer {
    var vocabulary = Vocabulary(capacity: pieces.count)
    // Reserved pieces come last: their ids are told where another piece is spelled like one.
    let isReserved = { (piece: Piece) in ![.normal, .userDefined, .unused].contains(piece.kind) }
    for (id, piece) in pieces.enumerated() where !isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    for (id, piece) in pieces.enumerated() where isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    let unknown = Int32(pieces.firstIndex { $0.kind == .unknown } ?? 0)
    let whole = pieces.filter { $0.kind == .userDefined }.map(\.bytes)
    let normalizer = SentencePieceNormalizer(map: characterMap, options: spaces, protected: whole)
    let model: any TokenModel =
      algorithm == .unigram ? unigram(vocabulary, unknown) : bytePair(vocabulary, unknown)
    let pipeline = TokenizerPipeline(
      normalizer: family.normalizer.map { NormalizerSequence(normalizers: [$0, normalizer]) } ?? normalizer,
      preTokenizer: nil, model: model, addedTokens: [])
    let controls = Set(pieces.indices.lazy.filter { pieces[$0].kind == .control }.map { Int32($0) })
    func control(_ name: String) -> Int32? { vocabulary.id(of: name).flatMap { controls.contains($0) ? $0 : nil } }
    var roles = names.roles { vocabulary.id(of: $0) }
    roles.begin = roles.begin ?? control(begin)
    roles.end = roles.end ?? control(end)
    roles.padding = roles.padding ?? control(padding)
    roles.unknown = roles.unknown ?? unknown
    return Tokenizer(
      pipeline: pipeline, postProcessor: family.frame(roles, vocabulary),
      decoder: SentencePieceDecoder(
        unknown: (pieces[Int(unknown)].name, unknownSurface), dropsSpace: spaces.addsSpace,
        dropsAllSpaces: spaces.removesSpaces, hasBytes: hasBytes),
      addedTokens: [], roles: roles, controlIDs: controls)
  }

  private func unigram(_ vocabulary: Vocabulary, _ unknown: Int32) -> any TokenModel {
    let normal = pieces.lazy.filter { $0.kind == .normal }.map(\.score)
    // SentencePiece starts at the smallest positive number, so that it is the highest score of almost all models.
    let highest = max(normal.max() ?? 0, Float.leastNormalMagnitude)
    var scores: [Double] = []
    var matched: [(id: Int32, bytes: [UInt8])] = []
    for (id, piece) in pieces.enumerated() {
      scores.append(piece.kind == .userDefined ? Double(Float(piece.bytes.count) * highest) - 0.1 : Double(piece.score))
      if piece.kind == .normal || piece.kind == .userDefined { matched.append((Int32(id), piece.bytes)) }
    }
    var options = UnigramModel.Options()
    options.unknown = unknown
    options.fallsBackToBytes = hasBytes
    options.fusesUnknown = !hasBytes
    options.followsSentencePiece = true
    options.lowestScore = Double(normal.min() ?? Float.greatestFiniteMagnitude)
    return UnigramModel(vocabulary: vocabulary, scores: scores, matched: matched, options: options)
  }

  private func bytePair(_ vocabulary: Vocabulary, _ unknown: Int32) -> any TokenModel {
    var parts = ScoredPairModel.Pieces(scores: pieces.map(\.score))
    if !spaces.escapesSpaces { parts.space = [0x20] }
    for (id, piece) in pieces.enumerated() {
      switch piece.kind {
      case .userDefined:
        parts.whole.append((Int32(id), piece.bytes))
        parts.matched.append((Int32(id), piece.bytes, false))
      case .normal, .unused: parts.matched.append((Int32(id), piece.bytes, piece.kind == .unused))
      case .unknown, .control, .byte: break
      }
    }
    return ScoredPairModel(
      vocabulary: vocabulary, unknown: unknown, pieces: parts,
      byteTokens: hasBytes ? BytePairModel.fallbackTokens(vocabulary) : [])
  }
}

/// What models of one family add to what SentencePiece does.
struct TokenizerFamily: Sendable {
  /// What happens to a text first.
  var normalizer: (any Normalizer)?
  /// The special tokens around one text, and around two.
  var frame: @Sendable (TokenRoles, Vocabulary) -> (any PostProcessor)? = { _, _ in nil }

  /// Nothing.
  static let plain = TokenizerFamily()

  /// Tokens before and behind every text.
  static func around(
    before: @escaping @Sendable (TokenRoles) -> Int32?, behind: @escaping @Sendable (TokenRoles) -> Int32?
  ) -> TokenizerFamily {
    TokenizerFamily(frame: { roles, vocabulary in
      func parts(_ id: Int32?) -> [Template.Part] {
        id.map { [.special([($0, vocabulary.token(of: $0) ?? "")], typeId: 0)] } ?? []
      }
      let (first, last) = (parts(before(roles)), parts(behind(roles)))
      if first.isEmpty, last.isEmpty { return nil }
      let single = first + [.text(0, typeId: 0)] + last
      return Template(single: single, pair: single + first + [.text(1, typeId: 0)] + last)
    })
  }

  /// ALBERT: lower case without accents, `[CLS] A [SEP] B [SEP]`.
  static let albert = TokenizerFamily(
    normalizer: NormalizerSequence(normalizers: [
      Replace(pattern: TextPattern(string: "``"), replacement: "\""),
      Replace(pattern: TextPattern(string: "''"), replacement: "\""), NormalizationForm.nfkd, StripAccents(),
      Lowercase(),
    ]),
    frame: { _, vocabulary in
      guard let start = vocabulary.id(of: "[CLS]"), let separator = vocabulary.id(of: "[SEP]") else { return nil }
      return ClassifierFrame(start: (start, "[CLS]"), separator: (separator, "[SEP]"), isRoberta: false)
    })
}
