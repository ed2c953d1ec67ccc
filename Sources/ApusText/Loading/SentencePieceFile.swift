// SentencePiece's `.model` files, such as spiece.model, sentencepiece.bpe.model and tokenizer.model.
// Read first: ProtobufReader.swift. Read next: SentencePieceFile+Tokenizer.swift.

import ApusFiles
import Foundation

/// The contents of a SentencePiece model file: pieces with scores, and settings for normalization and decoding.
///
/// The format is the message `ModelProto` of google/sentencepiece. Papers: arXiv:1808.06226, arXiv:1804.10959.
struct SentencePieceFile {
  /// The type of a piece.
  enum Kind: UInt64 {
    case normal = 1
    /// The token for text that is in no piece; there is exactly one.
    case unknown
    /// A token that represents no text, such as `<s>`.
    case control
    /// A piece that is always found as a whole.
    case userDefined
    /// A piece that takes part in merges but is never a token in the result.
    case unused
    /// A byte token, such as `<0xE2>`.
    case byte
  }

  struct Piece {
    var bytes: [UInt8] = []
    var score: Float = 0
    var kind = Kind.normal
    /// The offset of the piece in the file.
    var offset = 0
  }

  enum Algorithm: UInt64 {
    case unigram = 1
    case bytePair
  }

  let path: String
  var pieces: [Piece] = []
  var algorithm = Algorithm.unigram
  var hasBytes = false
  var unknownSurface = " \u{2047} "
  /// The names of the begin, end and padding tokens.
  var (begin, end, padding) = ("<s>", "</s>", "<pad>")
  var characterMap: CharacterMap?
  var spaces = SentencePieceNormalizer.Options()

  init(contentsOf url: URL) throws(FileFormatError) {
    let file = try MappedFile(contentsOf: url)
    self = try withExtendedLifetime(file) { () throws(FileFormatError) in
      try SentencePieceFile(file.bytes, path: file.path)
    }
  }

  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileFormatError) {
    self.path = path
    var reader = ProtobufReader(bytes, path: path)
    while let field = try reader.next() {
      switch field.number {
      case 1: try readPiece(field)
      case 2: try readTraining(field)
      case 3: try readNormalization(field)
      case 5: try checkDenormalization(field)
      default: break
      }
    }
    try check()
  }

  private mutating func readPiece(_ field: ProtobufField) throws(FileFormatError) {
    guard pieces.count < Vocabulary.maximumID else {
      throw field.error("at most \(Vocabulary.maximumID) pieces", "more")
    }
    var piece = Piece(offset: field.offset)
    var reader = try field.message()
    while let part = try reader.next() {
      switch part.number {
      case 1: piece.bytes = try part.text()
      case 2: piece.score = try part.float()
      case 3:
        guard let kind = Kind(rawValue: try part.integer()) else { throw part.error("a piece type from 1 to 6") }
        piece.kind = kind
      default: break
      }
    }
    guard !piece.bytes.isEmpty else { throw field.error("a non-empty piece", "an empty one") }
    pieces.append(piece)
  }

  private mutating func readTraining(_ field: ProtobufField) throws(FileFormatError) {
    var reader = try field.message()
    while let part = try reader.next() {
      switch part.number {
      case 3:
        guard let algorithm = Algorithm(rawValue: try part.integer()) else {
          throw part.error("model type 1 (unigram) or 2 (byte-pair encoding)")
        }
        self.algorithm = algorithm
      case 24: spaces.isSuffix = try part.bool()
      case 35: hasBytes = try part.bool()
      case 44: unknownSurface = String(decoding: try part.text(), as: UTF8.self)
      case 46: begin = String(decoding: try part.text(), as: UTF8.self)
      case 47: end = String(decoding: try part.text(), as: UTF8.self)
      case 48: padding = String(decoding: try part.text(), as: UTF8.self)
      default: break
      }
    }
  }

  private mutating func readNormalization(_ field: ProtobufField) throws(FileFormatError) {
    var reader = try field.message()
    while let part = try reader.next() {
      switch part.number {
      case 2:
        let map = try part.bytes()
        if map.isEmpty { continue }
        do throws(FileFormatError) {
          characterMap = try CharacterMap(map, path: path, place: "")
        } catch {
          throw part.error(error.problems[0].expected, error.problems[0].found)
        }
      case 3: spaces.addsSpace = try part.bool()
      case 4: spaces.removesSpaces = try part.bool()
      case 5: spaces.escapesSpaces = try part.bool()
      default: break
      }
    }
  }

  private func checkDenormalization(_ field: ProtobufField) throws(FileFormatError) {
    var reader = try field.message()
    while let part = try reader.next() {
      if part.number == 2, try !part.bytes().isEmpty { throw part.error("no denormalization rules") }
    }
  }

  private func check() throws(FileFormatError) {
    var problems: [FileFormatError.Problem] = []
    func add(_ piece: Piece, _ expected: String, _ found: String) {
      if problems.count < 10 { problems.append(.init(place: .byte(piece.offset), expected: expected, found: found)) }
    }
    var normal = ByteStringTable(capacity: pieces.count)
    var reserved = ByteStringTable()
    var unknowns = 0
    var bytes = Set<UInt8>()
    for (id, piece) in pieces.enumerated() {
      let isNormal = [.normal, .userDefined, .unused].contains(piece.kind)
      let first = isNormal ? normal.find(piece.bytes) : reserved.find(piece.bytes)
      if first >= 0 {
        add(piece, "every piece once", "\(quoted(piece.name)) as piece \(first) and \(id)")
      }
      if isNormal {
        normal.insert(piece.bytes, value: Int32(id))
      } else {
        reserved.insert(piece.bytes, value: Int32(id))
      }
      if piece.kind == .unknown {
        unknowns += 1
        if unknowns > 1 { add(piece, "one unknown piece", "another, \(quoted(piece.name))") }
      } else if piece.kind == .byte {
        if let byte = ByteFallbackDecoder.byte(piece.name), BytePairModel.fallbackName(byte) == piece.name {
          bytes.insert(byte)
        } else {
          add(piece, "the name of a byte, such as <0xE2>", quoted(piece.name))
        }
        if !hasBytes { add(piece, "no byte pieces, because byte_fallback is off", quoted(piece.name)) }
      }
    }
    if pieces.isEmpty {
      problems.append(.init(expected: "a SentencePiece model", found: "no pieces"))
    } else if unknowns == 0 {
      problems.append(.init(expected: "an unknown piece", found: "none"))
    }
    if hasBytes, bytes.count < 256, problems.isEmpty {
      problems.append(.init(expected: "a piece for each of the 256 bytes", found: "\(bytes.count)"))
    }
    if !problems.isEmpty { throw FileFormatError(path: path, problems: problems) }
  }
}

extension SentencePieceFile.Piece {
  var name: String { String(decoding: bytes, as: UTF8.self) }
}
