// The small JSON files of a model's folder: its configuration, its picture processor's, and the index of its shards.
// Read first: Fuzz.swift; Sources/ApusData/Models/ConfigurationReader.swift and ModelWeights.swift, what is attacked.

import Foundation

@testable import ApusData

private let folder: URL = {
  let folder = FileManager.default.temporaryDirectory.appending(
    path: "apus-fuzz-\(ProcessInfo.processInfo.processIdentifier)")
  try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  return folder
}()

/// Writes the bytes where a folder has its files, and asks each for everything.
func fuzz(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let names = ["config.json", "preprocessor_config.json", "model.safetensors.index.json"]
  let file = folder.appending(path: names[Int(choice) % names.count])
  guard (try? Data(input.dropFirst()).write(to: file)) != nil else { fatalError("cannot write to \(folder.path)") }
  do throws(FileFormatError) {
    switch Int(choice) % names.count {
    case 0: try readEverything(ConfigurationReader(contentsOf: file))
    case 1: _ = try ImageProcessor(contentsOf: file)
    default: _ = try ModelWeights(inFolder: folder)
    }
  } catch {
    expect(!error.problems.isEmpty && !error.description.isEmpty, "an error without problems")
  }
  try? FileManager.default.removeItem(at: file)
}

private func readEverything(_ reader: ConfigurationReader) throws(FileFormatError) {
  for key in reader.keys.prefix(20) {
    let number = reader.integer(key, default: 3, in: 1...1_000)
    expect((1...1_000).contains(number), "\(key): \(number) is out of its range")
    _ = reader.optionalInteger(key)
    expect(!reader.number(key, default: 1).isNaN, "\(key) is not a number")
    _ = reader.dropout(key)
    _ = reader.flag(key, default: false)
    _ = reader.string(key)
    _ = reader.choice(key, default: "a", [("a", 1), ("b", 2)])
    _ = reader.strings(key)
    _ = reader.integers(key)
    reader.expect(key, true)
    reader.expect(key, number, isMultipleOf: key, 2)
    if let inner = reader.object(key) { _ = inner.keys.map { inner.integer($0, default: 1) } }
  }
  try reader.check()
}
