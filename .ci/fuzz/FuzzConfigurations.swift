// Fuzzes the small JSON files in a model's folder: configuration, image processor, generation settings, and index of
// shards.
// Read first: Fuzz.swift; Sources/ApusFiles/JSON/ConfigurationReader.swift, the code under test. Read next:
// FuzzModels.swift.

import Foundation

@testable import ApusFiles
@testable import ApusGeneration
@testable import ApusPublished
@testable import ApusTensor
@testable import ApusWeights

/// The first byte selects the kind of file, the other bytes are its contents.
func fuzzConfigurations(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let bytes = Array(input.dropFirst())
  do throws(FileFormatError) {
    if choice % 4 == 0 {
      _ = try ImageProcessor(parsing: Data(bytes), path: "preprocessor_config.json")
      return
    }
    guard let document = document(bytes) else { return }
    if choice % 4 == 1 {
      let settings = try GenerationSettings(document, path: "generation_config.json")
      expect(settings.minimumNewTokens <= settings.maximumNewTokens, "the minimum length exceeds the maximum length")
      expect(settings.beams > 0, "the number of beams is not positive")
    } else if choice % 4 == 2 {
      try readEverything(ConfigurationReader(document, path: "config.json"))
    } else {
      let index = try ConfigurationReader(document, path: "model.safetensors.index.json")
      let weights = try ModelWeights(index: index) { (name) throws(FileFormatError) in
        guard let shard = shards[name] else {
          throw FileFormatError(path: name, expected: "a readable file", found: "no such file")
        }
        return shard
      }
      for entry in weights.entries {
        expect((try? weights.tensor(named: entry.name)) != nil, "a listed tensor cannot be read")
      }
    }
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
  }
}

/// The shards that an index can name.
private let shards: [String: SafetensorsFile] = Dictionary(
  uniqueKeysWithValues: [("a", ["x", "y"]), ("b", ["z"]), ("c", ["x"])].map { name, tensors in
    guard let data = try? SafetensorsWriter.encode(tensors.map { ($0, Tensor([1, 2])) }),
      let file = try? SafetensorsFile(data: data, name: name)
    else { fatalError("a shard cannot be made") }
    return (name, file)
  })

private func readEverything(_ reader: ConfigurationReader) throws(FileFormatError) {
  for key in reader.keys.prefix(20) {
    let number = reader.integer(key, default: 3, in: 1...1_000)
    expect((1...1_000).contains(number), "\(key): \(number) is out of its range")
    _ = reader.optionalInteger(key)
    expect(reader.size(key, default: 1) <= reader.limits.axis, "\(key) is larger than the longest axis")
    expect(reader.layerCount(key, default: 1) <= reader.limits.layers, "\(key): more layers than the weights allow")
    reader.expect(key, product: key, number, reader.size(key, default: 1))
    expect(!reader.number(key, default: 1).isNaN, "\(key) is not a number")
    _ = reader.dropout(key)
    _ = reader.flag(key, default: false)
    _ = reader.string(key)
    _ = reader.choice(key, default: "a", [("a", 1), ("b", 2)])
    _ = reader.strings(key)
    _ = reader.integers(key)
    _ = reader.numbers(key)
    reader.expect(key, true)
    reader.expect(key, number, isMultipleOf: key, 2)
    if let inner = reader.object(key) { _ = inner.keys.map { inner.integer($0, default: 1) } }
  }
  _ = reader.labels
  try reader.check()
}
