// What several test targets share: temporary folders, handmade files, seeded noise, and data beside the package.

import ApusFiles
package import ApusTensor
import ApusWeights
package import Foundation

/// Calls `body` with a new empty folder, and removes the folder afterwards.
package func withTemporaryFolder<Result>(_ body: (URL) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "apus-data-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try body(folder)
}

/// The sorted names of everything in a folder, including hidden files.
package func contents(of folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
}

/// The bytes of a safetensors file with this header.
package func safetensors(_ header: String, elements: [UInt8] = []) -> Data {
  safetensors(Array(header.utf8), elements: elements)
}

package func safetensors(_ header: [UInt8], elements: [UInt8] = []) -> Data {
  Data(littleEndianBytes(UInt64(header.count)) + header + elements)
}

package func littleEndianBytes(_ value: some FixedWidthInteger) -> [UInt8] {
  withUnsafeBytes(of: value.littleEndian) { Array($0) }
}

/// The description of the error that opening these bytes throws; empty if they open.
package func problems(_ data: Data) -> String {
  do throws(FileFormatError) {
    _ = try SafetensorsFile(data: data, name: "f")
    return ""
  } catch {
    return error.description
  }
}

/// The description of the error that `body` throws; empty if it throws none.
package func problems(_ body: () throws -> Void) -> String {
  do {
    try body()
    return ""
  } catch {
    return "\(error)"
  }
}

/// Sebastiano Vigna's SplitMix64, a generator that gives the same noise in every run.
package struct SeededNoise: RandomNumberGenerator {
  package var state: UInt64

  package init(state: UInt64) { self.state = state }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The bits of a tensor's elements, which can be compared even for NaN.
package func bits(_ tensor: Tensor) -> [UInt32] { tensor.scalars.map(\.bitPattern) }

/// Data and fixtures beside the package, which are not part of it: tests that read them are skipped where they are missing.
package enum SharedData {
  /// The folder beside the package's.
  package static let root = URL(filePath: #filePath).resolvingSymlinksInPath()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "shared")

  /// A folder or a file in it.
  package static func url(_ path: String) -> URL { root.appending(path: path) }

  package static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: url(path).path(percentEncoded: false))
  }

  /// All safetensors files in a folder and below.
  package static func safetensorsFiles(in path: String) -> [URL] {
    let all = FileManager.default.enumerator(at: url(path), includingPropertiesForKeys: nil)
    return (all?.allObjects as? [URL] ?? []).filter { $0.pathExtension == "safetensors" }
  }
}
