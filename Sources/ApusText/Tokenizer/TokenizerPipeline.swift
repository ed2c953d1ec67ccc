// The steps from a text to tokens: added tokens, normalization, pre-tokenization, subwords, offsets.
// Read first: Tokenizer.swift. Read next: ../Subwords/TokenModel.swift.

import ApusFiles
import Synchronization

/// The steps of encoding before special tokens are added.
final class TokenizerPipeline: Sendable {
  let normalizer: (any Normalizer)?
  let preTokenizer: (any PreTokenizer)?
  let model: any TokenModel
  private let inOriginal: AddedTokenFinder
  private let inNormalized: AddedTokenFinder
  private let pool = ScratchPool()

  /// Creates a pipeline.
  ///
  /// - Parameter markIsSpace: whether "▁" counts as white space for added tokens that include adjacent white space.
  init(
    normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?, model: any TokenModel, addedTokens: [AddedToken],
    markIsSpace: Bool = false
  ) {
    (self.normalizer, self.preTokenizer, self.model) = (normalizer, preTokenizer, model)
    var (original, normalized) = (AddedTokenFinder(), AddedTokenFinder())
    // If two tokens have the same normalized spelling, a special one takes precedence.
    for token in addedTokens.filter(\.isSpecial) + addedTokens.filter({ !$0.isSpecial }) {
      if token.isNormalized {
        normalized.insert(token, spelled: normalizer?.normalize(token.content) ?? Array(token.content.utf8))
      } else {
        original.insert(token, spelled: Array(token.content.utf8))
      }
    }
    original.markIsSpace = markIsSpace
    (inOriginal, inNormalized) = (original, normalized)
  }

  /// The tokens of a text with all attributes.
  func encode(_ text: String, sequence: Int) -> Encoding {
    var encoding = Encoding()
    var text = text
    text.withUTF8 { bytes in
      let places = ScalarPlaces(bytes)
      encoding.ids.reserveCapacity(bytes.count / 4 + 1)
      encoding.tokens.reserveCapacity(bytes.count / 4 + 1)
      encoding.offsets.reserveCapacity(bytes.count / 4 + 1)
      forEachSection(of: bytes) { section, tokens, added in
        let first = encoding.ids.count
        encoding.ids.append(contentsOf: tokens.ids)
        for piece in tokens.pieces {
          let origin = section.origin(of: piece)
          encoding.offsets.append(places.range(Int(origin.start), Int(origin.end)))
        }
        for i in first..<encoding.ids.count {
          let id = encoding.ids[i]
          if added || id == model.literalUnknown {
            let piece = tokens.pieces[i - first]
            encoding.tokens.append(
              String(decoding: section.bytes[Int(piece.start)..<Int(piece.end)], as: UTF8.self))
          } else {
            encoding.tokens.append(model.vocabulary.tokens[Int(id)] ?? "")
          }
        }
      }
    }
    let count = encoding.ids.count
    encoding.typeIds = [Int32](repeating: Int32(sequence), count: count)
    encoding.attentionMask = [Int32](repeating: 1, count: count)
    encoding.specialTokensMask = [Int32](repeating: 0, count: count)
    encoding.sequences = [Int?](repeating: sequence, count: count)
    return encoding
  }

  /// The ids of a text.
  func ids(_ text: String) -> [Int32] {
    var ids: [Int32] = []
    var text = text
    text.withUTF8 { bytes in
      ids.reserveCapacity(bytes.count / 4 + 1)
      forEachSection(of: bytes) { _, tokens, _ in ids.append(contentsOf: tokens.ids) }
    }
    return ids
  }

  /// Calls `body` with every section of the text, its tokens, and whether it is an added token.
  private func forEachSection(
    of bytes: UnsafeBufferPointer<UInt8>, _ body: (AlignedText, TokenList, Bool) -> Void
  ) {
    pool.withScratch { scratch in
      for part in inOriginal.split(bytes) {
        var text = AlignedText(bytes[part.start..<part.end], base: part.start)
        if let token = part.token {
          body(text, TokenizerPipeline.whole(text, token), true)
          continue
        }
        normalizer?.normalize(&text)
        if inNormalized.isEmpty {
          tokenize(&text, scratch, body)
          continue
        }
        let inner = text.bytes.withUnsafeBufferPointer { inNormalized.split($0) }
        for part in inner {
          var section = inner.count == 1 ? text : text.part(part.start, part.end)
          if let token = part.token {
            body(section, TokenizerPipeline.whole(section, token), true)
          } else {
            tokenize(&section, scratch, body)
          }
        }
      }
    }
  }

  private static func whole(_ text: AlignedText, _ token: AddedToken) -> TokenList {
    var tokens = TokenList()
    tokens.append(token.id, 0, text.bytes.count)
    return tokens
  }

  private func tokenize(
    _ text: inout AlignedText, _ scratch: TokenScratch, _ body: (AlignedText, TokenList, Bool) -> Void
  ) {
    guard !text.bytes.isEmpty else { return }
    var pieces = [Piece(0, text.bytes.count)]
    preTokenizer?.split(&text, &pieces)
    var tokens = TokenList()
    tokens.ids.reserveCapacity(pieces.count * 5 / 4)
    tokens.pieces.reserveCapacity(pieces.count * 5 / 4)
    text.bytes.withUnsafeBufferPointer { buffer in
      guard let start = buffer.baseAddress else { return }
      for piece in pieces where piece.start < piece.end {
        model.tokenize(start, piece, scratch: scratch, into: &tokens)
      }
    }
    body(text, tokens, false)
  }
}

/// Unused working memory. A new instance is created when all are in use.
final class ScratchPool: Sendable {
  private let free = Mutex<[TokenScratch]>([])

  /// The most instances to keep, because that many threads are rarely active at once.
  private static let capacity = 32

  func withScratch(_ body: (TokenScratch) -> Void) {
    let scratch = free.withLock { $0.popLast() } ?? TokenScratch()
    body(scratch)
    free.withLock { if $0.count < ScratchPool.capacity { $0.append(scratch) } }
  }
}

extension AlignedText {
  /// The range of bytes in the original text that a piece comes from.
  @inline(__always)
  func origin(of piece: Piece) -> Origin {
    guard let origins else { return Origin(start: Int32(base) + piece.start, end: Int32(base) + piece.end) }
    guard piece.start < piece.end, Int(piece.end) <= origins.count else {
      let origin = origin(before: Int(piece.start))
      return Origin(start: origin.end, end: origin.end)
    }
    return Origin(start: origins[Int(piece.start)].start, end: origins[Int(piece.end) - 1].end)
  }
}

/// Converts byte positions to scalar positions.
struct ScalarPlaces {
  private let bytes: UnsafeBufferPointer<UInt8>
  /// The number of scalars before every 64th byte; empty if all bytes are ASCII.
  private var counts: [Int32] = []

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
    if isASCII(bytes) { return }
    counts.reserveCapacity(bytes.count / 64 + 1)
    var count: Int32 = 0
    for (i, byte) in bytes.enumerated() {
      if i % 64 == 0 { counts.append(count) }
      if !isContinuation(byte) { count += 1 }
    }
  }

  /// The range of scalars that the bytes from `start` up to `end` belong to.
  @inline(__always)
  func range(_ start: Int, _ end: Int) -> Range<Int> {
    if counts.isEmpty { return start..<max(start, end) }
    let first = scalar(at: start)
    return first..<(end > start ? max(first, scalar(at: end - 1) + 1) : first)
  }

  /// The index of the scalar that byte `i` belongs to.
  private func scalar(at i: Int) -> Int {
    if i >= bytes.count { return bytes.isEmpty ? 0 : scalar(at: bytes.count - 1) + 1 }
    var count = Int(counts[i / 64])
    for j in i / 64 * 64..<i + 1 where !isContinuation(bytes[j]) { count += 1 }
    return count - 1
  }
}
