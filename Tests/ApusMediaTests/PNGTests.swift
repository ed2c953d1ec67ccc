// PNG files with every color type, bit depth, interlacing and transparency; writing and reading back.
// Read first: ImageFixture.swift. Read next: PNGHostileTests.swift.

import ApusTensor
import ApusTestSupport
import ApusWeights
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusMedia

@Suite struct PNGTests {
  @Test func everyKindIsRead() throws {
    let file = try ImageFixture.file("png.safetensors")
    let names = file.entries.map(\.name).filter { $0.hasSuffix(".file") }
    #expect(names.count == 15 * 2 + 11 * 2 + 5 + 27)
    for name in names {
      let kind = String(name.dropLast(".file".count))
      let (data, expected) = try ImageFixture.png(kind)
      let image = try Image(data: data, name: kind)
      #expect(image == expected, "\(kind)")
    }
  }

  @Test func everyKindOfColorIsThere() throws {
    let names = try ImageFixture.file("png.safetensors").entries.map(\.name)
    for (color, depths) in [(0, [1, 2, 4, 8, 16]), (2, [8, 16]), (3, [1, 2, 4, 8]), (4, [8, 16]), (6, [8, 16])] {
      for depth in depths {
        for ending in ["", "_interlaced"] + (color < 4 ? ["_transparent", "_interlaced_transparent"] : []) {
          #expect(names.contains("color\(color)_depth\(depth)\(ending).file"))
        }
      }
    }
  }

  @Test func whatIsWrittenIsReadBack() throws {
    for channels in 1...4 {
      for (width, height) in [(1, 1), (17, 5), (3, 40), (64, 64)] {
        let picture = ImageFixture.picture(width: width, height: height, channels: channels, seed: UInt64(width))
        #expect(try Image(data: picture.pngData(), name: "f") == picture, "\(channels) × \(width) × \(height)")
      }
    }
  }

  @Test func filesAreWrittenByTheirEndings() throws {
    try withTemporaryFolder { folder in
      let picture = ImageFixture.picture(width: 9, height: 4, channels: 3, seed: 1)
      for ending in ["png", "PNG", "ppm"] {
        let url = folder.appending(path: "a." + ending)
        try picture.write(to: url)
        #expect(try Image(contentsOf: url) == picture)
      }
      let text = problems { () throws(FileFormatError) in try picture.write(to: folder.appending(path: "a.jpg")) }
      #expect(text.hasSuffix("a.jpg: expected a file extension .png, .ppm, .pgm or .pbm, found \".jpg\""))
    }
  }

  @Test func flatPicturesShrink() {
    let flat = Image(width: 200, height: 100, channels: 3, samples: Array(repeating: 7, count: 60_000))
    #expect(flat.pngData().count < 800)
    // Noise does not compress; it grows only by a byte per row and the chunks.
    var noise = SeededNoise(state: 5)
    let samples = (0..<60_000).map { _ in UInt8.random(in: 0...255, using: &noise) }
    #expect(Image(width: 200, height: 100, channels: 3, samples: samples).pngData().count < 60_000 + 100 + 100)
  }

  @Test func checksums() {
    #expect(CRC32.checksum(Array("123456789".utf8)[...]) == 0xCBF4_3926)
    #expect(Adler32.checksum(Array("Wikipedia".utf8)) == 0x11E6_0398)
    #expect(Adler32.checksum([UInt8](repeating: 255, count: 200_000)) == 0x14D0_6057)
  }

  @Test func deflateComesBack() throws {
    var noise = SeededNoise(state: 3)
    var inputs: [[UInt8]] = [[], [0], Array("abcabcabcabcabc".utf8), Array(repeating: 9, count: 70_000)]
    // Matches at all distances, including those beyond the window.
    let block = (0..<40_000).map { _ in UInt8.random(in: 0...3, using: &noise) }
    inputs.append(block + block.prefix(300))
    inputs.append((0..<3000).map { _ in UInt8.random(in: 0...255, using: &noise) })
    for input in inputs {
      let stream = Deflater.deflate(input)
      #expect(try Inflater.inflate(stream, count: input.count) == input)
      #expect(stream.count <= input.count + input.count / 65_535 * 5 + 11)
    }
  }
}
