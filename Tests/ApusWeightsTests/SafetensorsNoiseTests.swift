// Truncated and damaged files: any bytes may cause an error but never a crash.
// Read first: SafetensorsHostileTests.swift.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusWeights

@Suite struct SafetensorsNoiseTests {
  private func sample() throws -> Data {
    try SafetensorsWriter.encode(
      [
        ("wte.weight", Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])), ("scale", Tensor([7], shape: [])),
        ("ln.bias", Tensor([8, 9], shape: [2])),
      ], metadata: ["step": "3"])
  }

  /// Opens the bytes and, if that succeeds, reads all contents in every way.
  private func readAll(_ data: Data) -> Bool {
    guard let file = try? SafetensorsFile(data: data, name: "f") else { return false }
    for entry in file.entries {
      _ = try? file.tensor(named: entry.name).scalars
      _ = try? file.indices(named: entry.name)
      _ = try? file.bytes(named: entry.name)
    }
    return true
  }

  @Test func cutAtEveryByte() throws {
    let data = try sample()
    #expect(readAll(data))
    for count in 0..<data.count {
      let text = problems(data.prefix(count))
      #expect(text.hasPrefix("f: "), "\(count) of \(data.count) bytes")
      #expect(!readAll(data.prefix(count)))
    }
    #expect(!readAll(data + [0]))
  }

  @Test func damagedBytes() throws {
    let data = try sample()
    let headerEnd = data.count - 36
    var noise = SeededNoise(state: 20)
    var opened = 0
    for round in 0..<10_000 {
      var damaged = data
      for _ in 0..<Int.random(in: 1...4, using: &noise) {
        // Elements may have any value, so nearly all changes are made to the header.
        let place = Int.random(in: round % 2 == 0 ? 8..<headerEnd : 0..<data.count, using: &noise)
        if round % 3 == 0 {
          damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &noise)
        } else {
          // Characters with a meaning in JSON get further than random ones.
          damaged[place] = Array("{}[]\",:0123456789-eE.\\u tfn".utf8).randomElement(using: &noise) ?? 0
        }
      }
      if readAll(damaged) { opened += 1 }
    }
    // Changes to names and metadata may be harmless, but most changes to the header are not.
    #expect(opened > 100 && opened < 8000, "\(opened) opened")
  }

  @Test func randomHeaders() throws {
    var noise = SeededNoise(state: 21)
    let pieces = [
      "{", "}", "[", "]", ",", ":", "\"a\"", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"F32\"",
      "\"__metadata__\"",
      "0", "4", "-1", "1e9", "true", "null", " ", "\"\\ud800\"", "9223372036854775807",
    ]
    for _ in 0..<10_000 {
      let count = Int.random(in: 0..<40, using: &noise)
      let header = (0..<count).map { _ in pieces.randomElement(using: &noise) ?? "" }.joined()
      _ = readAll(safetensors(header, elements: [0, 0, 0, 0]))
    }
  }
}
