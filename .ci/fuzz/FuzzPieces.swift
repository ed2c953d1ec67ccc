// Fuzzes the readers of SentencePiece models and of llama2.c's tokens. Every tokenizer must encode and decode any text.
// Read first: Fuzz.swift; Sources/ApusText/Loading/SentencePieceFile.swift and ScoredTokenFile.swift, the code
// under test.

import Foundation

@testable import ApusFiles
@testable import ApusText

/// The first byte selects the format. The texts to encode are a fixed one and the file itself, decoded as UTF-8.
func fuzzPieces(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let bytes = Array(input.dropFirst())
  let tokenizer: Tokenizer
  do throws(FileFormatError) {
    tokenizer = try open(bytes, isScored: choice & 1 == 1)
  } catch {
    expect(!error.problems.isEmpty, "an error without problems")
    return
  }
  for text in ["a ab  abc é\u{301}日本\u{1F600} \u{2581}<s>\0b ", String(decoding: bytes, as: UTF8.self)] {
    guard let encoding = try? tokenizer.encode(text) else { return expect(false, "a text cannot be encoded") }
    let size = Int32(tokenizer.vocabularySize)
    expect(encoding.ids.allSatisfy { $0 >= 0 && $0 < size }, "an id outside the vocabulary")
    let count = text.unicodeScalars.count
    expect(encoding.offsets.allSatisfy { $0.upperBound <= count }, "an offset beyond the text")
    let whole = tokenizer.decode(encoding.ids)
    var stream = tokenizer.streamingDecoder()
    let parts = encoding.ids.map { stream.append($0) }.joined() + stream.finish()
    expect(parts.utf8.elementsEqual(whole.utf8), "streaming decoding gives another text")
  }
}

private func open(_ bytes: [UInt8], isScored: Bool) throws(FileFormatError) -> Tokenizer {
  var result: Result<Tokenizer, FileFormatError>?
  bytes.withUnsafeBytes { buffer in
    do throws(FileFormatError) {
      result = .success(
        isScored
          ? try ScoredTokenFile.read(buffer, path: "input", count: nil)
          : try SentencePieceFile(buffer, path: "input").tokenizer())
    } catch {
      result = .failure(error)
    }
  }
  guard let result else { throw FileFormatError(path: "input", expected: "a result", found: "none") }
  return try result.get()
}
