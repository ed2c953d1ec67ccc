// From what a SentencePiece model file says to a tokenizer. Read first: SentencePieceFile.swift.
// Read next: ../Models/ScoredPairModel.swift, Tokenizer+SentencePiece.swift.

extension SentencePieceFile {
  /// The tokenizer as the SentencePiece library is one: its own ids, nothing around a text.
  func tokenizer() -> Tokenizer {
    var roles = TokenRoles()
    complete(&roles)
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: normalizer(spaces), preTokenizer: nil, model: model(), addedTokens: []),
      postProcessor: nil, decoder: decoder(dropsSpace: spaces.addsSpace), addedTokens: [], roles: roles,
      controlIDs: controls)
  }

  /// The pieces by their places.
  var vocabulary: Vocabulary {
    var vocabulary = Vocabulary(capacity: pieces.count)
    // Reserved pieces come last: their ids are told where another piece is spelled like one.
    let isReserved = { (piece: Piece) in ![.normal, .userDefined, .unused].contains(piece.kind) }
    for (id, piece) in pieces.enumerated() where !isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    for (id, piece) in pieces.enumerated() where isReserved(piece) { vocabulary.insert(piece.bytes, id: id) }
    return vocabulary
  }

  /// The place of the piece for what is in no other.
  var unknown: Int32 { Int32(pieces.firstIndex { $0.kind == .unknown } ?? 0) }

  /// The places of the pieces that stand for no text.
  var controls: Set<Int32> { Set(pieces.indices.lazy.filter { pieces[$0].kind == .control }.map { Int32($0) }) }

  /// Fills in the roles that the file itself gives to its pieces.
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

  /// - Parameter knowsPieces: tokens that are no pieces of this file, or stand for no text, are told apart from others.
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
