// Images made with Pillow by Fixtures/images/generate.py. Read next: PNGTests.swift, ResizingTests.swift.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusMedia
@testable import ApusWeights

enum ImageFixture {
  /// A file in Fixtures/images.
  static func url(_ path: String) throws -> URL {
    try #require(Bundle.module.url(forResource: "Fixtures", withExtension: nil)).appending(path: "images/" + path)
  }

  static func file(_ path: String) throws -> SafetensorsFile { try SafetensorsFile(contentsOf: url(path)) }

  /// A tensor of bytes [height, width, channels] (or [height, width]) as an image.
  static func image(_ name: String, in file: SafetensorsFile) throws -> Image {
    let shape = try #require(file.entry(named: name)).shape
    return Image(
      width: shape[1], height: shape[0], channels: shape.count > 2 ? shape[2] : 1,
      samples: Array(try file.bytes(named: name)))
  }

  /// The PNG file of a case, and the expected samples.
  static func png(_ name: String) throws -> (data: Data, image: Image) {
    let file = try file("png.safetensors")
    return (try file.bytes(named: name + ".file"), try image(name + ".samples", in: file))
  }

  /// Gradients and noise, so that every filter and match length is used.
  static func picture(width: Int, height: Int, channels: Int, seed: UInt64) -> Image {
    var noise = SeededNoise(state: seed)
    let samples = (0..<width * height * channels).map { i -> UInt8 in
      let (x, y) = (i / channels % width, i / channels / width)
      if y % 3 == 0 { return UInt8.random(in: 0...255, using: &noise) }
      return UInt8(truncatingIfNeeded: 5 * x + 3 * y + i % channels)
    }
    return Image(width: width, height: height, channels: channels, samples: samples)
  }
}

/// A chunk with its length and checksum.
func pngChunk(_ name: String, _ content: [UInt8] = []) -> [UInt8] {
  let body = Array(name.utf8) + content
  let (length, checksum) = (UInt32(content.count), CRC32.checksum(body[...]))
  return littleEndianBytes(length.byteSwapped) + body + littleEndianBytes(checksum.byteSwapped)
}

/// The contents of an IHDR chunk.
func pngHeader(
  _ width: UInt32, _ height: UInt32, depth: UInt8 = 8, color: UInt8 = 0, last: [UInt8] = [0, 0, 0]
) -> [UInt8] {
  littleEndianBytes(width.byteSwapped) + littleEndianBytes(height.byteSwapped) + [depth, color] + last
}

/// A PNG file with these chunks.
func pngFile(_ chunks: [UInt8]...) -> Data { Data(PNGFormat.signature + chunks.flatMap { $0 }) }

/// The error that opening these bytes as an image throws; empty if they open.
func imageProblems(_ data: Data, pixelLimit: Int = Image.defaultPixelLimit) -> String {
  problems { () throws(FileFormatError) in _ = try Image(data: data, name: "f", pixelLimit: pixelLimit) }
}
