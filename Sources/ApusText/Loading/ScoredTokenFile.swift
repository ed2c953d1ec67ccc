// The tokenizer files of llama2.c, such as tokenizer.bin and tok512.bin.
// Read first: ../Subwords/ScoredPairModel.swift. Read next: Tokenizer+SentencePiece.swift.

import ApusFiles

/// Reads the `.bin` files of Andrej Karpathy's llama2.c: the length of the longest token, and then the score, length
/// and bytes of every token. All numbers are little-endian and have 32 bits.
enum ScoredTokenFile {
  /// Reads the tokenizer.
  ///
  /// - Parameter count: the number of tokens; nil to read up to the end of the file.
  static func read(
    _ bytes: UnsafeRawBufferPointer, path: String, count: Int?
  ) throws(FileFormatError) -> Tokenizer {
    func word(_ offset: Int) throws(FileFormatError) -> UInt32 {
      guard offset + 4 <= bytes.count else {
        throw FileFormatError(
          path: path, place: .byte(offset), expected: "4 more bytes", found: "\(max(0, bytes.count - offset))")
      }
      return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }
    let longest = Int32(bitPattern: try word(0))
    guard longest > 0 else {
      throw FileFormatError(
        path: path, place: .byte(0), expected: "the length of the longest token", found: "\(longest)")
    }
    var vocabulary = Vocabulary()
    var pieces = ScoredPairModel.Pieces(space: [0x20])
    var offset = 4
    while count.map({ pieces.scores.count < $0 }) ?? (offset < bytes.count) {
      let score = Float(bitPattern: try word(offset))
      guard score.isFinite else {
        throw FileFormatError(path: path, place: .byte(offset), expected: "a finite score", found: "\(score)")
      }
      let length = Int(Int32(bitPattern: try word(offset + 4)))
      let room = min(Int(longest), bytes.count - offset - 8)
      guard length >= 0, length <= room else {
        throw FileFormatError(
          path: path, place: .byte(offset + 4), expected: "a length from 0 to \(room)", found: "\(length)")
      }
      let id = pieces.scores.count
      guard id < Vocabulary.maximumID else {
        throw FileFormatError(
          path: path, place: .byte(offset), expected: "at most \(Vocabulary.maximumID) tokens", found: "more")
      }
      let token = bytes[offset + 8..<offset + 8 + length]
      if let invalid = firstInvalidUTF8(in: UnsafeRawBufferPointer(rebasing: token)) {
        throw FileFormatError(
          path: path, place: .byte(offset + 8 + invalid), expected: "UTF-8 text",
          found: spelled(token[token.startIndex + invalid]))
      }
      vocabulary.insert(Array(token), id: id)
      pieces.scores.append(score)
      if length > 0 { pieces.matched.append((Int32(id), Array(token), false)) }
      offset += 8 + length
    }
    guard vocabulary.size >= 3 else {
      throw FileFormatError(
        path: path, expected: "at least 3 tokens, of which the first are unknown, begin and end",
        found: counted(vocabulary.size, "token"))
    }
    return tokenizer(vocabulary, pieces)
  }

  private static func tokenizer(_ vocabulary: Vocabulary, _ pieces: ScoredPairModel.Pieces) -> Tokenizer {
    var spaces = SentencePieceNormalizer.Options()
    (spaces.removesSpaces, spaces.escapesSpaces) = (false, false)
    let bytes = BytePairModel.fallbackTokens(vocabulary)
    let hasBytes = !bytes.contains { $0 < 0 }
    let model = ScoredPairModel(
      vocabulary: vocabulary, unknown: 0, pieces: pieces, byteTokens: hasBytes ? bytes : [])
    var roles = TokenRoles()
    (roles.unknown, roles.begin, roles.end) = (0, 1, 2)
    let name = vocabulary.token(of: 0) ?? ""
    return Tokenizer(
      pipeline: TokenizerPipeline(
        normalizer: SentencePieceNormalizer(map: nil, options: spaces), preTokenizer: nil, model: model, addedTokens: []
      ),
      postProcessor: Template.around(before: (1, vocabulary.token(of: 1) ?? ""), behind: nil),
      decoder: SentencePieceDecoder(
        unknown: (name, name), space: " ", dropsSpace: true, dropsAllSpaces: false, hasBytes: hasBytes),
      addedTokens: [], roles: roles, controlIDs: [1, 2])
  }
}
