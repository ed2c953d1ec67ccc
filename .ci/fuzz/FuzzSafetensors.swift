// Safetensors: whatever opens is read in every way, and written and read again without a difference.
// Read first: Fuzz.swift; Sources/ApusData/Files/SafetensorsHeader.swift, what is attacked.

import Foundation

@testable import ApusFiles
@testable import ApusTensor
@testable import ApusWeights

/// The first byte chooses: the bytes after it as they are, or as a header whose size is right and that some elements follow.
/// (By chance alone the eight bytes of the size hardly ever are.)
func fuzzSafetensors(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  var bytes = Array(input.dropFirst())
  if choice & 1 == 1 {
    let elements = Int(choice >> 1) % 64
    bytes = (0..<8).map { UInt8(truncatingIfNeeded: bytes.count >> (8 * $0)) } + bytes
    bytes += (0..<elements).map { UInt8(truncatingIfNeeded: 37 * $0) }
  }
  let file: SafetensorsFile
  do throws(FileFormatError) {
    file = try SafetensorsFile(data: Data(bytes), name: "input")
  } catch {
    expect(!error.problems.isEmpty && error.description.utf8.count < 1 << 22, "an error without problems, or a book")
    return
  }
  var tensors: [(name: String, tensor: Tensor)] = []
  for entry in file.entries {
    expect(entry.byteRange.upperBound <= bytes.count, "an entry ends behind the file")
    _ = try? file.indices(named: entry.name)
    _ = try? file.bytes(named: entry.name)
    if let tensor = try? file.tensor(named: entry.name) {
      expect(tensor.elementCount == entry.elementCount, "a tensor has another size than its entry")
      _ = tensor.scalars.reduce(0, +)
      if entry.type == .float32 { tensors.append((entry.name, tensor)) }
    }
  }
  guard let written = try? SafetensorsWriter.encode(tensors, metadata: file.metadata),
    let again = try? SafetensorsFile(data: written, name: "again")
  else { fatalError("what was read cannot be written, or read again") }
  expect(again.metadata == file.metadata, "metadata changed")
  for (name, tensor) in tensors {
    let other = try? again.tensor(named: name)
    expect(other?.shape == tensor.shape, "\(name): another shape")
    expect(other?.scalars.map(\.bitPattern) == tensor.scalars.map(\.bitPattern), "\(name): other elements")
  }
}
