// Builds a tokenizer from a SentencePiece model file. Read first: SentencePieceFile.swift.
// Read next: ../Subwords/ScoredPairModel.swift, Tokenizer+SentencePiece.swift.

extension SentencePieceFile {
  /// The tokenizer as the SentencePiece library implements it, with its own ids and without special tokens.
  func tokenizer() -> Tokenizer {
    var roles = TokenRoles()
    complete(&roles)
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: normalizer(spaces), preTokenizer: nil, model: model(), addedTokens: []),
      postProcessor: nil, decoder: decoder(dropsSpace: spaces.addsSpace), addedTokens: [], roles: roles,
      controlIDs: controls)
  }

  /// The pieces by their index in the file.
  var vocabulary: Vocabulary {
    var vocabulary = Vocabulary(capacity: pieces.count)
    // Reserved pieces are inserted last, so that their ids win if another piece has the same spelling.
    let isReserved = { (piece: Piece) in ![.normal, .userDefined, .unused].contains(piece.kind) }
    for (id, piece) in pieces.enumerated() where !isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    for (id, piece) in pieces.enumerated() where isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    return vocabulary
  }

  /// The id of the unknown piece.
  var unknown: Int32 { Int32(pieces.firstIndex { $0.kind == .unknown } ?? 0) }

  /// The ids of the control pieces, which represent no text.
  var controls: Set<Int32> { Set(pieces.indices.lazy.filter { pieces[$0].kind == .control }.map { Int32($0) }) }

  /// Fills in the roles that the file itself assigns to its pieces.
  func complete(_ roles: inout TokenRoles) {
    func control(_ name: String) -> Int32? {
      pieces.firstIndex { $0.kind == .control && $0.bytes.elementsEqual(name.utf8) }.map { Int32($0) }
    }
    roles.begin = roles.begin ?? control(begin)
    roles.end = roles.end ?? control(end)
    roles.padding = roles.padding ?? control(padding)
    roles.unknown = roles.unknown ?? unknown
  }

  func normalizer(_ options: SentencePieceNormalizer.Options) -> SentencePieceNormalizer {
    let whole = pieces.filter { $0.kind == .userDefined }.map(\.bytes)
    return SentencePieceNormalizer(map: characterMap, options: options, protected: whole)
  }

  /// A decoder for the pieces.
  ///
  /// - Parameters:
  ///   - dropsSpace: whether one space before the text is removed.
  ///   - knowsPieces: whether tokens that are not in this file are copied as text, and control pieces are omitted.
  func decoder(dropsSpace: Bool, knowsPieces: Bool = false) -> SentencePieceDecoder {
    var decoder = SentencePieceDecoder(
      unknown: (pieces[Int(unknown)].name, unknownSurface), dropsSpace: dropsSpace,
      dropsAllSpaces: spaces.removesSpaces, hasBytes: hasBytes)
    if knowsPieces {
      var kinds = ByteStringTable(capacity: pieces.count)
      for piece in pieces { kinds.insert(piece.bytes, value: piece.kind == .control ? 1 : 0) }
      decoder.kinds = kinds
    }
    return decoder
  }

  func model() -> any TokenModel {
    algorithm == .unigram ? unigram(vocabulary, unknown) : bytePair(vocabulary, unknown)
  }

  private func unigram(_ vocabulary: Vocabulary, _ unknown: Int32) -> any TokenModel {
    let normal = pieces.lazy.filter { $0.kind == .normal }.map(\.score)
    // SentencePiece starts its maximum at the smallest positive number, which is therefore the maximum for almost all
    // models.
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
