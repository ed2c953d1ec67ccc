// Fuzzes the safetensors reader. Every file that opens must be unchanged after writing and reading it again.
// Read first: Fuzz.swift; Sources/ApusWeights/Safetensors/SafetensorsHeader.swift, the code under test.

import Foundation

@testable import ApusFiles
@testable import ApusTensor
@testable import ApusWeights

/// The first byte selects how the other bytes are used: as the whole file, or as a header, with its size before it and
/// some elements after it. Random bytes alone would almost never contain a correct header size.
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
    expect(!error.problems.isEmpty && error.description.utf8.count < 1 << 22, "an empty or a huge error")
    return
  }
  var tensors: [(name: String, tensor: Tensor)] = []
  for entry in file.entries {
    expect(entry.byteRange.upperBound <= bytes.count, "an entry ends beyond the file")
    _ = try? file.indices(named: entry.name)
    _ = try? file.bytes(named: entry.name)
    if let tensor = try? file.tensor(named: entry.name) {
      expect(tensor.elementCount == entry.elementCount, "a tensor and its entry have different sizes")
      _ = tensor.scalars.reduce(0, +)
      if entry.type == .float32 { tensors.append((entry.name, tensor)) }
    }
  }
  guard let written = try? SafetensorsWriter.encode(tensors, metadata: file.metadata),
    let again = try? SafetensorsFile(data: written, name: "again")
  else { fatalError("the tensors cannot be written and read again") }
  expect(again.metadata == file.metadata, "the metadata changed")
  for (name, tensor) in tensors {
    let other = try? again.tensor(named: name)
    expect(other?.shape == tensor.shape, "\(name): the shape changed")
    expect(other?.scalars.map(\.bitPattern) == tensor.scalars.map(\.bitPattern), "\(name): the elements changed")
  }
}
