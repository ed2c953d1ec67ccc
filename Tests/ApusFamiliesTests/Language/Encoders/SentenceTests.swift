// Pooling, batching, sentence-transformers' folders; and all-MiniLM-L6-v2, where the shared data are at hand.

import ApusNN
import ApusTensor
import ApusTestSupport
import ApusTesting
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusLanguage
@testable import ApusText

@Suite struct SentenceTests {
  @Test func poolingByItsDefinition() {
    let states = Tensor([1, -2, 3, 4, 9, 9, 8, 8, -1, 5, 2, -6], shape: [2, 3, 2])
    let tokens = IndexTensor([1, 1, 0, 0, 1, 1], shape: [2, 3])
    #expect(SentencePooling.mean(states, tokens: tokens) == Tensor([2, 1, 0.5, -0.5], shape: [2, 2]))
    #expect(SentencePooling.maximum(states, tokens: tokens) == Tensor([3, 4, 2, 5], shape: [2, 2]))
    #expect(SentencePooling.firstToken(states, tokens: tokens) == Tensor([1, -2, -1, 5], shape: [2, 2]))
    #expect(SentencePooling.lastToken(states, tokens: tokens) == Tensor([3, 4, 2, -6], shape: [2, 2]))
    let root = SentencePooling.meanBySquareRoot(states, tokens: tokens)
    #expect(Comparison(root, Tensor([4, 2, 1, -1], shape: [2, 2]) / Tensor(2).squareRoot(), absolute: 1e-6).isClose)
    let weighted = SentencePooling.weightedMean(states, tokens: tokens)
    #expect(Comparison(weighted, Tensor([7 / 3, 2, 1, -7 / 3], shape: [2, 2]), absolute: 1e-6).isClose)
    #expect(SentencePooling.mean(states, tokens: tokens, skipping: 1) == Tensor([3, 4, 2, -6], shape: [2, 2]))
    #expect(SentencePooling.firstToken(states, tokens: tokens, skipping: 1) == Tensor([3, 4, 2, -6], shape: [2, 2]))
    #expect(SentencePooling.weightedMean(states, skipping: 2) == Tensor([9, 9, 2, -6], shape: [2, 2]))
    #expect(SentencePooling.mean(states) == Tensor([13 / 3, 11 / 3, 3, 7 / 3], shape: [2, 2]))
    #expect(SentencePooling.firstToken(states) == Tensor([1, -2, 8, 8], shape: [2, 2]))
    #expect(SentencePooling.lastToken(states) == Tensor([9, 9, 2, -6], shape: [2, 2]))
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
    let embedder = SentenceEmbedder(encoder, pooling: [.maximum, .mean])
    let texts: [[Int32]] = [[4, 9, 2], [7], [1, 2, 3, 4, 5, 6, 7, 8], [4, 9, 2, 1], [8, 8, 8]]
    let all = embedder.vectors(of: texts)
    #expect(all.shape == [5, 16])
    for (row, text) in texts.enumerated() {
      let alone = embedder(IndexTensor(text, shape: [1, text.count]))
      let comparison = Comparison(all.slice(row..<row + 1), alone, absolute: 1e-6)
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
      #expect(embedder.pooling == [.mean] && embedder.isNormalized && embedder.maximumLength == nil)
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
      #expect(embedder.pooling == [.firstToken, .maximum] && !embedder.isNormalized && embedder.maximumLength == 20)
      #expect(embedder.width == 64)
    }
  }

  /// The first folders had the encoder in one of its own.
  @Test func encodersInAFolderOfTheirOwn() throws {
    let modules = """
      [{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"},
       {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]
      """
    let files = [
      "modules.json": modules, "1_Pooling/config.json": "{\"pooling_mode_lasttoken\": true}",
      "0_Transformer/sentence_bert_config.json": "{\"max_seq_length\": 9, \"do_lower_case\": true}",
    ]
    try withFolder(files) { folder in
      let inner = folder.appendingPathComponent("0_Transformer")
      for name in ["config.json", "model.safetensors"] {
        try FileManager.default.moveItem(
          at: folder.appendingPathComponent(name), to: inner.appendingPathComponent(name))
      }
      let embedder = try SentenceEmbedder(contentsOf: folder)
      #expect(embedder.maximumLength == 9 && embedder.lowercases && embedder.pooling == [.lastToken])
      #expect(try SentenceEmbedder.encoderFolder(in: folder).lastPathComponent == "0_Transformer")
    }
  }

  @Test func whatIsNotKnownIsRefused() throws {
    func message(_ files: [String: String]) throws -> String {
      try withFolder(files) { folder in
        let error = #expect(throws: FileFormatError.self) { _ = try SentenceEmbedder(contentsOf: folder) }
        return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" }.joined() ?? ""
      }
    }
    let modules = """
      [{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "a", "type": "x.Router"},
       {"path": "../b", "type": "sentence_transformers.models.Pooling"}, {"path": "c", "type": "x.CNN"}]
      """
    let expected = "expected a Pooling, Dense, LayerNorm, Normalize or Dropout module"
    #expect(
      try message(["modules.json": modules])
        == "[1].type: \(expected), found \"x.Router\"[2].path: expected a folder in this one, found \"../b\""
        + "[3].type: \(expected), found \"x.CNN\"")
    #expect(
      try message(["modules.json": "[{\"type\": \"x.Pooling\"}]"])
        == "[0].type: expected a Transformer module first, found \"x.Pooling\"")
    let dense =
      modules.split(separator: ",").prefix(2).joined(separator: ",")
      + ", {\"path\": \"1_Pooling\", \"type\": \"x.Pooling\"}, {\"path\": \"d\", \"type\": \"x.Dense\"}]"
    #expect(
      try message([
        "modules.json": dense, "1_Pooling/config.json": "{\"pooling_mode\": \"mean\"}",
        "d/config.json": "{\"in_features\": 7, \"out_features\": 3, \"activation_function\": \"my.Own\"}",
      ]).hasPrefix(
        "in_features: expected 32, the width of what comes before, found 7activation_function: expected one of"))
    #expect(
      try message(["1_Pooling/config.json": "{\"pooling_mode\": [\"mean\", \"median\"]}"]).hasSuffix(
        "found \"mean\", \"median\""))
    #expect(
      try message(["1_Pooling/config.json": "{\"pooling_mode_mean_tokens\": false}"])
        == "pooling_mode_mean_tokens: expected one of the ways to pool, found none that is known")
    #expect(try message(["modules.json": "{}"]) == "file: expected an array of objects, found an object")
    #expect(try message(["modules.json": "[]"]) == "file: expected a Transformer module first, found no modules")
    #expect(
      try message(["modules.json": "[{\"type\": 5, \"path\": \"/x\"}]"])
        == "[0].type: expected a string, found 5[0].path: expected a folder in this one, found \"/x\"")
    #expect(throws: FileFormatError.self) {
      _ = try SentenceEmbedder(contentsOf: ModelFixture(name: "gpt2_lm").folder)
    }
  }

  struct Published: Decodable {
    let texts: [String]
    let width: Int
    let vectors: [[Float]]
    let query: [[Float]]?
  }

  /// Folders as sentence-transformers saves them; Fixtures/sentences/generate.py makes them.
  @Test(arguments: ["dense", "layers", "prompts"]) func asSentenceTransformersDoes(_ name: String) throws {
    let fixtures = Bundle.module.resourceURL?.appendingPathComponent("Fixtures/sentences")
    let source = try #require(fixtures)
    try withTemporaryFolder { folder in
      for part in ["encoder", name] {
        let from = source.appendingPathComponent(part)
        for file in try FileManager.default.contentsOfDirectory(atPath: from.path) {
          let target = folder.appendingPathComponent(file)
          try? FileManager.default.removeItem(at: target)
          try FileManager.default.copyItem(at: from.appendingPathComponent(file), to: target)
        }
      }
      let expected = try JSONDecoder().decode(
        Published.self, from: Data(contentsOf: folder.appendingPathComponent("expected.json")))
      let embedder = try SentenceEmbedder(contentsOf: folder)
      let tokenizer = try Tokenizer(folder: folder)
      #expect(embedder.width == expected.width && embedder.maximumLength == (name == "dense" ? 16 : 24))
      #expect(embedder.isNormalized == (name == "dense"))
      func check(_ vectors: Tensor?, _ rows: [[Float]]) throws {
        let vectors = try #require(vectors)
        let comparison = Comparison(vectors, Tensor(rows.flatMap { $0 }, shape: vectors.shape), absolute: 1e-5)
        #expect(comparison.isClose, "\(name): \(comparison)")
      }
      try check(embedder.vectors(of: expected.texts, tokenizer), expected.vectors)
      if let query = expected.query {
        try check(embedder.vectors(of: expected.texts, tokenizer, prompt: "query"), query)
        #expect(embedder.prompts.forQueries == "query" && embedder.prompts.forDocuments == "document")
      }
    }
  }

  // MARK: Real weights

  @Test(.enabled(if: SharedData.exists("data/weights/all-minilm-l6-v2"))) func miniLM() throws {
    struct Reference: Decodable {
      let ids: [[Int32]]
      let embeddings: [[Float]]
    }
    let folder = SharedData.url("data/weights/all-minilm-l6-v2")
    let reference = try JSONDecoder().decode(
      Reference.self, from: Data(contentsOf: folder.appendingPathComponent("reference.json")))
    let embedder = try SentenceEmbedder(contentsOf: folder)
    #expect(embedder.maximumLength == 256 && embedder.width == 384)
    let vectors = embedder.vectors(of: reference.ids)
    let expected = Tensor(reference.embeddings.flatMap { $0 }, shape: vectors.shape)
    // The reference was computed with 32-bit weights, the file holds halves.
    let comparison = Comparison(vectors, expected, absolute: 2e-4)
    #expect(comparison.isClose, "\(comparison)")
  }
}
