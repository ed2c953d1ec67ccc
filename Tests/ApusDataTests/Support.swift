// Helpers shared by these tests: temporary folders, handmade files, seeded noise, the parity fixtures.
// Read next: SafetensorsTests.swift.

import ApusTensor
import Foundation

@testable import ApusData

/// Calls `body` with a new empty folder, and removes the folder afterwards.
func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "apus-data-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// The sorted names of everything in a folder, including hidden files.
func contents(of folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
}

/// The bytes of a safetensors file with this header.
func safetensors(_ header: String, elements: [UInt8] = []) -> Data {
  safetensors(Array(header.utf8), elements: elements)
}

func safetensors(_ header: [UInt8], elements: [UInt8] = []) -> Data {
  Data(littleEndianBytes(UInt64(header.count)) + header + elements)
}

func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The description of the error that opening these bytes throws; empty if they open.
func problems(_ data: Data) -> String {
  do throws(FileFormatError) {
    _ = try SafetensorsFile(data: data, name: "f")
    return ""
  } catch {
    return error.description
  }
}

/// The description of the error that `body` throws; empty if it throws none.
func problems(_ body: () throws(FileFormatError) -> Void) -> String {
  do throws(FileFormatError) {
    try body()
    return ""
  } catch {
    return error.description
  }
}

/// Sebastiano Vigna's SplitMix64, a generator that gives the same noise in every run.
struct SeededNoise: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The bits of a tensor's elements, which can be compared even for NaN.
func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

/// The fixtures made with PyTorch. They are outside the package and may be missing.
enum Parity {
  static let folder = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared/parity")

  static var exists: Bool { FileManager.default.fileExists(atPath: folder.path(percentEncoded: false)) }

  /// All safetensors files in the folder and its subfolders.
  static var files: [URL] {
    let all = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "safetensors" }
  }
}
