// Fuzzes the readers of vocab.txt, of vocab.json with merges.txt, and of the small files beside them.
// Read first: FuzzTokenizers.swift; Sources/ApusText/Loading/PlainTokenizer.swift, the code under test.

import Foundation

@testable import ApusFiles
@testable import ApusText

/// GPT-2's representation of the 256 bytes, which every byte-level vocabulary must contain, and the results of a few
/// merges.
private let bytesVocabulary: [String] = {
  let alphabet = (0..<256).map { byte -> UInt32 in
    let isShown = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
    if isShown { return UInt32(byte) }
    return 256
      + UInt32((0..<byte).count { !((33...126).contains($0) || (161...172).contains($0) || (174...255).contains($0)) })
  }
  let bytes = alphabet.compactMap { Unicode.Scalar($0).map { String(Character($0)) } }
  return bytes + ["ab", "abc", "\u{120}a", "<|endoftext|>", "<s>", "</s>", "<unk>", "<pad>", "<mask>"]
}()

private let bytesFile: [UInt8] = Array(
  ("{"
    + bytesVocabulary.enumerated().map { id, token in
      let escaped = token == "\"" || token == "\\" ? "\\" + token : token
      return "\"\(escaped)\":\(id)"
    }.joined(separator: ",")).utf8)

/// The first byte selects the files. Zero bytes separate their contents: the vocabulary or the merges,
/// `tokenizer_config.json`, `special_tokens_map.json` or `added_tokens.json`, and a text to encode.
func fuzzVocabularies(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let pieces = parts(Array(input.dropFirst()), 4)
  var files: [String: [UInt8]] = [:]
  // The first case is rare, because a vocabulary with all bytes takes a while to read.
  switch choice % 16 {
  case 0: (files["vocab.json"], files["merges.txt"]) = (bytesFile + [0x7D], pieces[0])
  case 1..<7: files["vocab.txt"] = Array("[UNK]\n[SEP]\n[CLS]\n[PAD]\n[MASK]\na\n##b\n".utf8) + pieces[0]
  case 7..<10: files["vocab.txt"] = pieces[0]
  case 10: (files["vocab.json"], files["merges.txt"]) = (pieces[0], Array("a b\n".utf8))
  default: return readMerges(pieces)
  }
  if !pieces[1].isEmpty { files["tokenizer_config.json"] = pieces[1] }
  if !pieces[2].isEmpty { files[choice & 16 == 0 ? "special_tokens_map.json" : "added_tokens.json"] = pieces[2] }
  do throws(FileFormatError) {
    let folder = TokenizerFolder(files)
    guard let tokenizer = try PlainTokenizer.read(folder, try TokenizerSettings(folder)) else {
      return expect(false, "the files are not found")
    }
    exercise(tokenizer, pieces[3])
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
  }
}

/// Reads a vocabulary and merges without the 256 bytes that a folder needs, and encodes a text.
private func readMerges(_ pieces: [[UInt8]]) {
  do throws(FileFormatError) {
    let vocabulary = try VocabularyFile.object(MappedFile(copying: Data(pieces[0]), name: "vocab.json"))
    let merges = try VocabularyFile.merges(MappedFile(copying: Data(pieces[1]), name: "merges.txt"), vocabulary)
    let model = BytePairModel(vocabulary: vocabulary, merges: merges, options: .init(), onBytes: false)
    let pipeline = TokenizerPipeline(
      normalizer: nil, preTokenizer: WhitespaceSplit(), model: model, addedTokens: [])
    exercise(
      Tokenizer(pipeline: pipeline, postProcessor: nil, decoder: nil, addedTokens: [], roles: .init()), pieces[2])
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
  }
}
