// Inputs that fuzzing found, each of which covers different code. They are read or rejected like by another reader, and
// none causes a crash. Read first: .ci/fuzz/FuzzJSON.swift and FuzzSafetensors.swift, which found them.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusWeights

@Suite struct FuzzCorpusTests {
  private struct Corpus: Decodable {
    struct Input: Decodable {
      var bytes: Data
      /// Whether Python's json module accepts the document, apart from its known extensions of the standard.
      var isSound: Bool?
    }
    var json: [Input]
    var safetensors: [Input]
  }

  private func corpus() throws -> Corpus {
    let url = try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil))
    return try JSONDecoder().decode(Corpus.self, from: Data(contentsOf: url.appending(path: "fuzz/corpus.json")))
  }

  @Test func documents() throws {
    let inputs = try corpus().json
    #expect(inputs.count > 100 && inputs.contains { $0.isSound == true })
    for input in inputs {
      let bytes = Array(input.bytes)
      var isRead = false
      if bytes.withUnsafeBytes({ firstInvalidUTF8(in: $0) }) == nil {
        var reader = JSONReader(bytes)
        isRead = (try? reader.skipValue()) != nil && (try? reader.end()) != nil
        #expect(isRead == ((try? JSONDocument(parsing: bytes)) != nil))
      }
      #expect(isRead == input.isSound, "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
    }
  }

  @Test func files() throws {
    let inputs = try corpus().safetensors
    var opened = 0
    for input in inputs {
      // The first byte decides, as in the fuzzer: the rest is a whole file, or a header that gets a size and elements.
      guard let choice = input.bytes.first else { continue }
      var bytes = Array(input.bytes.dropFirst())
      if choice & 1 == 1 {
        let elements = (0..<Int(choice >> 1) % 64).map { UInt8(truncatingIfNeeded: 37 * $0) }
        bytes = littleEndianBytes(UInt64(bytes.count)) + bytes + elements
      }
      guard let file = try? SafetensorsFile(data: Data(bytes), name: "f") else {
        #expect(!problems(Data(bytes)).isEmpty)
        continue
      }
      opened += 1
      for entry in file.entries {
        #expect(try file.bytes(named: entry.name).count == entry.byteRange.count)
        if let tensor = try? file.tensor(named: entry.name) { #expect(tensor.elementCount == entry.elementCount) }
        _ = try? file.indices(named: entry.name)
      }
    }
    #expect(inputs.count > 40 && opened > 3 && opened < inputs.count, "\(opened) of \(inputs.count) opened")
  }
}
