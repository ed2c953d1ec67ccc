// Invalid PNG files: the error names the place, what was expected and what was found. Read first: PNGTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusMedia

@Suite struct PNGHostileTests {
  private let end = pngChunk("IEND")

  /// Compressed rows of a gray image of 2 × 2 pixels, each with a filter byte and two samples.
  private func data(_ rows: [UInt8] = [0, 1, 2, 0, 3, 4]) -> [UInt8] { pngChunk("IDAT", Deflater.deflate(rows)) }

  private func header(_ width: UInt32 = 2, _ height: UInt32 = 2, depth: UInt8 = 8, color: UInt8 = 0) -> [UInt8] {
    pngChunk("IHDR", pngHeader(width, height, depth: depth, color: color))
  }

  @Test func theSoundOne() throws {
    let image = try Image(data: pngFile(header(), data(), end), name: "f")
    #expect(image == Image(width: 2, height: 2, channels: 1, samples: [1, 2, 3, 4]))
    #expect(image[1, 0, 0] == 2)
  }

  @Test func headers() {
    func problem(_ content: [UInt8]) -> String { imageProblems(pngFile(pngChunk("IHDR", content), data(), end)) }
    #expect(problem([1, 2]) == "f: byte 8: expected IHDR of 13 bytes, found 2")
    #expect(problem(pngHeader(0, 2)) == "f: byte 16: expected a width from 1 to 2147483647, found 0")
    #expect(problem(pngHeader(2, 1 << 31)) == "f: byte 20: expected a height from 1 to 2147483647, found 2147483648")
    #expect(
      problem(pngHeader(2, 2, color: 5)) == "f: byte 25: expected color type 0, 2, 3, 4 or 6, found 5")
    #expect(
      problem(pngHeader(2, 2, depth: 4, color: 2))
        == "f: byte 24: expected a bit depth of 8, 16 for color type 2, found 4")
    #expect(problem(pngHeader(2, 2, last: [1, 0, 0])) == "f: byte 26: expected compression method 0, found 1")
    #expect(problem(pngHeader(2, 2, last: [0, 1, 0])) == "f: byte 27: expected filter method 0, found 1")
    #expect(problem(pngHeader(2, 2, last: [0, 0, 2])) == "f: byte 28: expected interlace method 0 or 1, found 2")
  }

  @Test func chunks() {
    #expect(
      imageProblems(pngFile(data(), header(), end)) == "f: byte 12: expected the chunk IHDR, found the chunk IDAT")
    #expect(
      imageProblems(pngFile(header(), end)) == "f: byte 33: expected the chunk IDAT, found the end of the image")
    #expect(
      imageProblems(pngFile(header(), header(), data(), end))
        == "f: byte 37: expected one of IHDR, PLTE, IDAT, IEND once and in order, found the chunk IHDR")
    #expect(
      imageProblems(pngFile(header(), pngChunk("NEWc"), data(), end)).contains("found the chunk NEWc"))
    #expect(imageProblems(pngFile(header(), pngChunk("neWc", [1]), data(), end)) == "")
    #expect(
      imageProblems(pngFile(header(), data(), pngChunk("tEXt"), data(), end))
        .hasSuffix("expected consecutive IDAT chunks, found tEXt between them"))
    #expect(
      imageProblems(pngFile(header(), pngChunk("a1bc"), data(), end))
        == "f: byte 37: expected the four letters of a chunk's name, found the byte 0x61, the byte 0x31, the byte 0x62, the byte 0x63"
    )
    #expect(
      imageProblems(pngFile(header(), data())).hasSuffix("or the chunk IEND, found the end of the file"))
    var wrong = [UInt8](pngFile(header(), data(), end))
    wrong[20] ^= 1
    #expect(imageProblems(Data(wrong)).hasPrefix("f: byte 29: expected the checksum 0x"))
  }

  @Test func palettes() {
    func problem(_ color: UInt8, _ chunks: [UInt8]..., depth: UInt8 = 8) -> String {
      imageProblems(
        pngFile(header(1, 1, depth: depth, color: color), chunks.flatMap { $0 }, data([0, 200]), end))
    }
    let palette = pngChunk("PLTE", [1, 2, 3, 4, 5, 6])
    #expect(problem(3) == "f: PLTE: expected a palette, found none")
    #expect(problem(3, palette) == "f: row 0: expected an index into 2 palette colors, found 200")
    #expect(problem(0, palette).contains("expected no palette in a gray image"))
    #expect(problem(3, pngChunk("PLTE", [1, 2])).contains("three bytes each, found 2 bytes"))
    #expect(problem(3, pngChunk("PLTE", [UInt8](repeating: 0, count: 9)), depth: 1).contains("of 1 to 2 colors"))
    #expect(problem(3, palette, palette).contains("expected one PLTE chunk, found another one"))
    #expect(problem(3, pngChunk("tRNS", [1]), palette).contains("expected PLTE before tRNS, found tRNS first"))
    #expect(problem(3, palette, pngChunk("tRNS", [1, 2, 3])).contains("expected 1 to 2 bytes of tRNS, found 3"))
    #expect(problem(0, pngChunk("tRNS", [1])).contains("expected 2 bytes of tRNS, found 1"))
    #expect(problem(4, pngChunk("tRNS", [1])).contains("expected no tRNS in an image with alpha, found one"))
  }

  @Test func compressedData() {
    func problem(_ stream: [UInt8]) -> String { imageProblems(pngFile(header(), pngChunk("IDAT", stream), end)) }
    #expect(problem([0x79, 0x01, 3, 0]).hasPrefix("f: byte 41: expected the two-byte header of a zlib stream"))
    #expect(problem(Deflater.deflate([0, 1, 2])) == "f: byte 51: expected 6 bytes of image data, found only 3")
    #expect(problem(Deflater.deflate([0, 1, 2, 0, 3, 4, 0])).hasSuffix("expected 6 bytes of image data, found more"))
    #expect(problem(Deflater.deflate([0, 1, 2, 9, 3, 4])) == "f: row 1: expected a filter type from 0 to 4, found 9")
    #expect(problem([0x78, 1, 7]).hasSuffix("expected a block of type 0, 1 or 2, found type 3"))
    #expect(problem([0x78, 1, 1, 6, 0, 1, 0]).hasSuffix("expected a length and its complement, found 6 and 1"))
    #expect(problem([0x78, 1, 3]).hasSuffix("expected more compressed data, found its end"))
    // A match before the first byte: length symbol 257, distance symbol 0.
    #expect(problem([0x78, 1, 0x03, 0x02, 0, 0]).hasSuffix("expected a distance of at most 0, found 1"))
    var wrong = Deflater.deflate([0, 1, 2, 0, 3, 4])
    wrong[wrong.count - 1] ^= 1
    #expect(problem(wrong).contains("expected the checksum 0x"))
  }

  /// The offset of an error in the second part of the data is converted to an offset in the file.
  @Test func offsetsAcrossParts() {
    let stream = Deflater.deflate([0, 1, 2, 0, 3, 4])
    var (first, second) = (Array(stream[..<5]), Array(stream[5...]))
    second[second.count - 1] ^= 0xFF
    first = pngChunk("IDAT", first)
    let file = pngFile(header(), first, pngChunk("IDAT", second), end)
    let place = 33 + first.count + 8 + second.count
    #expect(imageProblems(file).hasPrefix("f: byte \(place): expected the checksum"))
  }

  @Test func bombsAreRefusedByTheirHeader() {
    let huge = pngFile(header(2_000_000_000, 2_000_000_000), data(), end)
    #expect(imageProblems(huge) == "f: byte 16: expected at most 67108864 pixels, found 2000000000 × 2000000000")
    #expect(imageProblems(pngFile(header(), data(), end), pixelLimit: 3).contains("at most 3 pixels, found 2 × 2"))
    // The size is within the limit, but no data of this length can contain so many pixels.
    let large = pngFile(header(8000, 8000, color: 6), data(), end)
    #expect(
      imageProblems(large).hasPrefix(
        "f: IDAT: expected compressed data for 8000 × 8000 pixels (256008000 bytes), found "))
    // Data that expands to ten times the size in the header is not decompressed completely.
    let zeros = pngChunk("IDAT", Deflater.deflate([UInt8](repeating: 0, count: 100_000)))
    #expect(imageProblems(pngFile(header(), zeros, end)).hasSuffix("expected 6 bytes of image data, found more"))
  }

  @Test func cutAtEveryByte() throws {
    let data = try ImageFixture.png("color6_depth8_interlaced").data
    for count in 0..<data.count { #expect(imageProblems(data.prefix(count)).hasPrefix("f: "), "\(count) bytes") }
    #expect(imageProblems(data + [1, 2, 3]) == "")
  }

  @Test func damagedFiles() throws {
    let names = ["color3_depth4_interlaced_transparent", "color2_depth16", "deflate_fast", "small_3x5"]
    var noise = SeededNoise(state: 11)
    for name in names {
      let sound = [UInt8](try ImageFixture.png(name).data)
      for _ in 0..<300 {
        var damaged = sound
        for _ in 0..<Int.random(in: 1...3, using: &noise) {
          damaged[Int.random(in: 8..<sound.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
        }
        // The checksums detect nearly all changes.
        _ = try? Image(data: Data(damaged), name: "f")
      }
    }
  }

  /// Changes that the checksums do not detect, because the chunks get new checksums.
  @Test func damagedContents() throws {
    let rows = (0..<400).map { UInt8(truncatingIfNeeded: $0 % 41 == 0 ? $0 / 41 % 5 : $0 * $0 / 7) }
    let streams = [
      Deflater.deflate(rows), Array(try ImageFixture.png("deflate_fast").data.dropFirst(100).prefix(400)),
    ]
    var noise = SeededNoise(state: 12)
    var opened = 0
    for round in 0..<4000 {
      var stream = streams[round % 2]
      if round % 2 == 1 { stream.replaceSubrange(0..<2, with: [0x78, 0x01]) }
      for _ in 0..<Int.random(in: 0...3, using: &noise) {
        stream[Int.random(in: 2..<stream.count, using: &noise)] = UInt8.random(in: 0...255, using: &noise)
      }
      let colors: [(UInt8, UInt8)] = [(0, 8), (0, 1), (2, 8), (3, 4), (6, 16)]
      let (color, depth) = round % 5 == 0 ? (0, 8) : colors[round % 5]
      let last: [UInt8] = [0, 0, round % 5 == 0 ? 0 : UInt8(round % 2)]
      let size: (UInt32, UInt32) = round % 5 == 0 ? (40, 9) : (UInt32.random(in: 1...40, using: &noise), 9)
      let file = pngFile(
        pngChunk("IHDR", pngHeader(size.0, size.1, depth: depth, color: color, last: last)),
        color == 3 ? pngChunk("PLTE", [1, 2, 3, 4, 5, 6]) : [], pngChunk("IDAT", stream), end)
      if (try? Image(data: file, name: "f")) != nil { opened += 1 }
    }
    #expect(opened < 1000)
  }

  @Test func otherFiles() {
    #expect(imageProblems(Data()) == "f: expected a PNG, PPM, PGM or PBM image, found an empty file")
    #expect(imageProblems(Data([0xFF, 0xD8, 0xFF, 0xE0])).hasSuffix("found a JPEG image"))
    #expect(imageProblems(Data("\u{89}PNG\n".utf8)).contains("found a file that begins with the byte 0xC2"))
    #expect(
      imageProblems(Data([0x89, 0x50, 0x4E, 0x47, 0x0A, 0x1A])).hasSuffix("damaged by a text-mode transfer"))
  }
}
