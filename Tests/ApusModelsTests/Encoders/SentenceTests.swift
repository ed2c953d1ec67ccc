// Pooling, batching, sentence-transformers' folders; and all-MiniLM-L6-v2, where the shared data are at hand.

import ApusData
import ApusNN
import ApusTensor
import ApusTesting
import Foundation
import Testing

@testable import ApusModels

@Suite struct SentenceTests {
  @Test func poolingByItsDefinition() {
    let states = Tensor([1, -2, 3, 4, 9, 9, 8, 8, -1, 5, 2, -6], shape: [2, 3, 2])
    let tokens = IndexTensor([1, 1, 0, 0, 1, 1], shape: [2, 3])
    #expect(Pooling.mean(states, tokens: tokens) == Tensor([2, 1, 0.5, -0.5], shape: [2, 2]))
    #expect(Pooling.maximum(states, tokens: tokens) == Tensor([3, 4, 2, 5], shape: [2, 2]))
    #expect(Pooling.firstToken(states, tokens: tokens) == Tensor([1, -2, -1, 5], shape: [2, 2]))
    #expect(Pooling.lastToken(states, tokens: tokens) == Tensor([3, 4, 2, -6], shape: [2, 2]))
    let root = Pooling.meanBySquareRoot(states, tokens: tokens)
    #expect(Comparison(root, Tensor([4, 2, 1, -1], shape: [2, 2]) / Tensor(2).squareRoot(), absolute: 1e-6).isClose)
    #expect(Pooling.mean(states) == Tensor([13 / 3, 11 / 3, 3, 7 / 3], shape: [2, 2]))
    #expect(Pooling.firstToken(states) == Tensor([1, -2, 8, 8], shape: [2, 2]))
    #expect(Pooling.lastToken(states) == Tensor([9, 9, 2, -6], shape: [2, 2]))
  }

  @Test func unitLength() {
    let x = Tensor([3, 4, 0, 0], shape: [2, 2]).normalizedToUnitLength()
    #expect(Comparison(x, Tensor([0.6, 0.8, 0, 0], shape: [2, 2]), absolute: 1e-7).isClose)
  }

  @Test func batchesHoldEveryTextOnceWithLittlePadding() {
    let lengths = (0..<500).map { 3 + ($0 * 37) % 120 }
    let batches = SentenceEmbedder.batches(lengths)
    #expect(batches.flatMap { $0 }.sorted() == Array(0..<500))
    var (places, tokens) = (0, 0)
    for batch in batches {
      let longest = batch.map { lengths[$0] }.max() ?? 0
      #expect(longest == lengths[batch[0]])
      #expect(batch.count == 1 || batch.count * longest <= 1_024)
      places += batch.count * longest
      tokens += batch.reduce(0) { $0 + lengths[$1] }
    }
    #expect(Double(places) < 1.15 * Double(tokens))
    #expect(SentenceEmbedder.batches([]).isEmpty)
    #expect(SentenceEmbedder.batches([5_000]) == [[0]])
  }

  @Test func vectorsDoNotDependOnTheirBatch() {
    let encoder = EncoderTests.loud(BERT(EncoderTests.toy))
    let embedder = SentenceEmbedder(encoder, pooling: [.mean, .maximum])
    let texts: [[Int32]] = [[4, 9, 2], [7], [1, 2, 3, 4, 5, 6, 7, 8], [4, 9, 2, 1], [8, 8, 8]]
    let all = embedder.vectors(of: texts)
    #expect(all?.shape == [5, 16])
    for (row, text) in texts.enumerated() {
      let alone = embedder(IndexTensor(text, shape: [1, text.count]))
      let comparison = Comparison(all?.slice(row..<row + 1) ?? alone, alone, absolute: 1e-6)
      #expect(comparison.isClose, "text \(row): \(comparison)")
    }
    var calls = 0
    let stopped = embedder.vectors(of: texts) { _ in
      calls += 1
      return false
    }
    #expect(stopped == nil && calls == 1)
  }

  // MARK: Folders

  private func withFolder<Result>(_ files: [String: String], _ body: (URL) throws -> Result) throws -> Result {
    try withTemporaryFolder { folder in
      let fixture = ModelFixture(name: "bert_sequence_classification")
      for name in ["config.json", "model.safetensors"] {
        let source = fixture.folder.appendingPathComponent(name)
        try FileManager.default.copyItem(at: source, to: folder.appendingPathComponent(name))
      }
      for (name, text) in files {
        let url = folder.appendingPathComponent(name)
        try FileManager.default.createDirectory(
          at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: url)
      }
      return try body(folder)
    }
  }

  @Test func whatAFolderSays() throws {
    try withFolder([:]) { folder in
      let embedder = try SentenceEmbedder(contentsOf: folder)
      #expect(embedder.encoder is BERT)
      #expect(embedder.pooling == [.mean] && embedder.isNormalized && embedder.longestText == nil)
    }
    let modules = """
      [{"idx": 0, "path": "", "type": "sentence_transformers.models.Transformer"},
       {"idx": 1, "path": "pool", "type": "sentence_transformers.models.Pooling"}]
      """
    let files = [
      "modules.json": modules, "sentence_bert_config.json": "{\"max_seq_length\": 20}",
      "pool/config.json": "{\"pooling_mode_cls_token\": true, \"pooling_mode_max_tokens\": true}",
    ]
    try withFolder(files) { folder in
      let embedder = try SentenceEmbedder(contentsOf: folder)
      #expect(embedder.pooling == [.firstToken, .maximum] && !embedder.isNormalized && embedder.longestText == 20)
      #expect(embedder.width == 64)
    }
  }

  @Test func whatIsNotKnownIsRefused() throws {
    func message(_ files: [String: String]) throws -> String {
      try withFolder(files) { folder in
        let error = #expect(throws: FileFormatError.self) { _ = try SentenceEmbedder(contentsOf: folder) }
        return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" }.joined() ?? ""
      }
    }
    #expect(
      try message(["modules.json": "[{\"type\": \"sentence_transformers.models.Dense\"}]"])
        == "[0].type: expected a Transformer, Pooling or Normalize module, found \"sentence_transformers.models.Dense\""
    )
    #expect(
      try message(["1_Pooling/config.json": "{\"pooling_mode_mean_tokens\": false}"])
        == "pooling_mode_mean_tokens: expected one of the ways to pool, found none that is known")
    #expect(try message(["modules.json": "{}"]) == "file: expected an array of objects, found an object")
    #expect(throws: FileFormatError.self) {
      _ = try SentenceEmbedder(contentsOf: ModelFixture(name: "gpt2_lm").folder)
    }
  }

  // MARK: Real weights

  @Test(.enabled(if: SharedData.has("weights/all-minilm-l6-v2"))) func miniLM() throws {
    struct Reference: Decodable {
      let ids: [[Int32]]
      let embeddings: [[Float]]
    }
    let folder = SharedData.url("weights/all-minilm-l6-v2")
    let reference = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: folder.appendingPathComponent("reference.json")))
    let embedder = try SentenceEmbedder(contentsOf: folder)
    #expect(embedder.longestText == 256 && embedder.width == 384)
    let vectors = try #require(embedder.vectors(of: reference.ids))
    let expected = Tensor(reference.embeddings.flatMap { $0 }, shape: vectors.shape)
    // The reference was computed with 32-bit weights, the file holds halves.
    let comparison = Comparison(vectors, expected, absolute: 2e-4)
    #expect(comparison.isClose, "\(comparison)")
  }
}

/// Data sets and weights that are too large for the package: in APUS_SHARED_DATA, or in ../shared/data beside it.
enum SharedData {
  private static var root: URL {
    if let path = ProcessInfo.processInfo.environment["APUS_SHARED_DATA"] { return URL(fileURLWithPath: path) }
    let package = (0..<4).reduce(URL(fileURLWithPath: #filePath)) { url, _ in url.deletingLastPathComponent() }
    return package.deletingLastPathComponent().appendingPathComponent("shared/data")
  }

  static func url(_ name: String) -> URL { root.appendingPathComponent(name) }

  static func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: url(name).path) }
}
