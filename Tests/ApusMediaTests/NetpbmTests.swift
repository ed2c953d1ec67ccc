// PBM, PGM and PPM files: reading and writing all six formats, and invalid files. Read first: PNGTests.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMedia

@Suite struct NetpbmTests {
  private func read(_ text: String, _ bytes: [UInt8] = []) throws -> Image {
    try Image(data: Data(text.utf8) + bytes, name: "f")
  }

  private func problem(_ text: String, _ bytes: [UInt8] = []) -> String { imageProblems(Data(text.utf8) + bytes) }

  @Test func textFormats() throws {
    let bitmap = try read("P1\n# a comment\n3 2 # another\n101\n0 1 0")
    #expect(bitmap == Image(width: 3, height: 2, channels: 1, samples: [0, 255, 0, 255, 0, 255]))
    let gray = try read("P2 2 2 15\n0 1\n7\t15")
    #expect(gray == Image(width: 2, height: 2, channels: 1, samples: [0, 17, 119, 255]))
    let colors = try read("P3\n1 2\n1023\n0 512 1023\n1 2 3\n")
    #expect(colors == Image(width: 1, height: 2, channels: 3, samples: [0, 128, 255, 0, 0, 1]))
  }

  @Test func binaryFormats() throws {
    #expect(
      try read("P4 9 2\n", [0x81, 0x80, 0x00, 0x00]).samples == [0, 255, 255, 255, 255, 255, 255, 0, 0]
        + Array(repeating: 255, count: 9))
    // The single byte after the header may be a line break, and the first sample may look like a comment.
    #expect(try read("P5 2 1 255\n", [35, 10]).samples == [35, 10])
    #expect(try read("P5 1 1 65535\n", [0x80, 0x00]).samples == [128])
    #expect(try read("P6 1 1 255 ", [1, 2, 3]).samples == [1, 2, 3])
    // Another image may follow.
    #expect(try read("P6 1 1 255 ", [1, 2, 3, 4, 5]).samples == [1, 2, 3])
  }

  @Test func whatIsWrittenIsReadBack() throws {
    for channels in 1...4 {
      let picture = ImageFixture.picture(width: 13, height: 6, channels: channels, seed: 2)
      for asText in [false, true] {
        for (format, count) in [(NetpbmFormat.graymap, 1), (.pixmap, 3)] {
          let copy = try Image(data: picture.netpbmData(format, asText: asText), name: "f")
          #expect(copy == picture.converted(toChannels: count))
        }
        let own = try Image(data: picture.netpbmData(asText: asText), name: "f")
        #expect(own.channels == (channels < 3 ? 1 : 3))
        let bitmap = try Image(data: picture.netpbmData(.bitmap, asText: asText), name: "f")
        #expect(bitmap.samples == picture.converted(toChannels: 1).samples.map { $0 < 128 ? 0 : 255 })
      }
    }
    #expect(
      String(
        decoding: Image(width: 2, height: 1, channels: 1, samples: [0, 200]).netpbmData(asText: true), as: UTF8.self)
        == "P2\n2 1\n255\n0 200\n")
  }

  @Test func brokenFiles() {
    #expect(problem("P5") == "f: byte 2: expected a width from 1 to 2147483647, found the end of the file")
    #expect(problem("P5 x") == "f: byte 3: expected a width from 1 to 2147483647, found the byte 0x78")
    #expect(problem("P5 0 1 255\n") == "f: byte 3: expected a width from 1 to 2147483647, found 0")
    #expect(problem("P5 99999999999999999999 1").hasSuffix("found a larger number"))
    #expect(problem("P5 1 1 65536 ").hasSuffix("expected a maximum value from 1 to 65535, found 65536"))
    #expect(problem("P5 1 1 255x").hasSuffix("expected white space after the header, found the byte 0x78"))
    #expect(
      problem("P5 2 2 255\n", [1, 2, 3]) == "f: byte 11: expected at least 4 bytes of samples for 2 × 2 pixels, found 3"
    )
    #expect(problem("P5 1 1 7\n", [8]) == "f: byte 9: expected a sample of at most 7, found 8")
    #expect(problem("P2 2 1 7\n1  9") == "f: byte 12: expected a sample from 0 to 7, found 9")
    #expect(problem("P2 2 2 7\n1 2 3   ") == "f: byte 17: expected a sample from 0 to 7, found the end of the file")
    #expect(problem("P1 2 1\n12") == "f: byte 8: expected 0 or 1, found the byte 0x32")
    #expect(problem("P7\n").hasSuffix("found a PAM image"))
    // Memory is allocated only for samples that the file can contain.
    #expect(problem("P6 8000 8000 255\n").hasSuffix("found 0"))
    #expect(problem("P3 8000 8000 255\n1").contains("expected at least 383999999 bytes"))
    #expect(problem("P6 80000 80000 255\n").contains("expected at most 67108864 pixels"))
  }

  @Test func noise() throws {
    var noise = SeededNoise(state: 4)
    let pieces = ["P1", "P3", "P6", " ", "\n", "#", "1", "0", "255", "65535", "-1", "7", "4294967295", "\u{0}", "é"]
    for kind in 1...6 {
      for _ in 0..<500 {
        let text = (0..<Int.random(in: 0..<14, using: &noise)).map { _ in pieces.randomElement(using: &noise) ?? "" }
        _ = try? read("P\(kind)" + text.joined())
      }
    }
  }
}
