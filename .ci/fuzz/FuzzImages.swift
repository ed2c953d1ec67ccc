// Fuzzes the readers of PNG and PNM images. Every image that can be read must be unchanged after writing and reading it
// again.
// Read first: Fuzz.swift; Sources/ApusMedia/Images/PNGReader.swift and Sources/ApusFiles/Compression/Inflate.swift, the
// code under test.

import Foundation

@testable import ApusFiles
@testable import ApusMedia

/// The first byte selects how much of a valid file is generated around the other bytes. Random bytes alone would almost
/// never have correct checksums.
func fuzzImages(_ input: [UInt8]) {
  guard let choice = input.first else { return }
  let rest = Array(input.dropFirst())
  switch choice % 7 {
  case 0: open(rest)
  case 1: open(Array("P".utf8) + [UInt8(ascii: "1") + choice / 7 % 6] + rest)
  case 2: open(png(header: rest.prefix(7), [("IDAT", Array(rest.dropFirst(7)))]))
  case 3: open(png(header: rest.prefix(7), [("IDAT", Deflater.deflate(Array(rest.dropFirst(7))))]))
  case 4: open(png(header: rest.prefix(7), chunks(Array(rest.dropFirst(7)))))
  case 5:
    if let result = try? Inflater.inflate(Array(rest.dropFirst()), count: 4 * Int(rest.first ?? 0)) {
      expect(result.count == 4 * Int(rest.first ?? 0), "the inflated size differs from the requested one")
    }
  default:
    let result = try? Inflater.inflate(Deflater.deflate(rest), count: rest.count)
    expect(result == rest, "data changed by deflating and inflating")
  }
}

private func open(_ bytes: [UInt8]) {
  let image: Image
  do throws(FileFormatError) {
    image = try Image(data: Data(bytes), name: "input", pixelLimit: 1 << 14)
  } catch {
    expect(!error.problems.isEmpty, "an error without problems")
    return
  }
  expect(image.width * image.height <= 1 << 14, "more pixels than the limit")
  let again = try? Image(data: image.pngData(), name: "again")
  expect(again?.samples == image.samples && again?.channels == image.channels, "image changed by writing it as PNG")
  if image.channels == 3 {
    let pixmap = try? Image(data: image.netpbmData(.pixmap), name: "pixmap")
    expect(pixmap?.samples == image.samples, "image changed by writing it as PPM")
  }
}

private func png(header: ArraySlice<UInt8>, _ chunks: [(name: String, content: [UInt8])]) -> [UInt8] {
  let fields = Array(header) + [UInt8](repeating: 1, count: 7 - header.count)
  // Small sizes, so that they often match the data. Depth, color type, compression, filter and interlacing are
  // arbitrary.
  let sizes: [UInt8] = [0, 0, 0, fields[0] % 40, 0, 0, 0, fields[1] % 40]
  let all = [("IHDR", sizes + fields[2...6])] + chunks + [("IEND", [])]
  return PNGFormat.signature + all.flatMap { chunk($0.0, $0.1) }
}

private func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
  let checked = Array(name.utf8) + content
  return bigEndian(UInt32(content.count)) + checked + bigEndian(CRC32.checksum(checked[...]))
}

private func bigEndian(_ number: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }

/// Arbitrary chunks. One byte selects the type of a chunk and the next its length. Some image data is compressed, so
/// that it can be valid.
private func chunks(_ bytes: [UInt8]) -> [(name: String, content: [UInt8])] {
  var result: [(name: String, content: [UInt8])] = []
  var rest = bytes[...]
  while let kind = rest.popFirst(), let count = rest.popFirst() {
    let content = Array(rest.prefix(Int(count)))
    rest = rest.dropFirst(Int(count))
    let name = ["PLTE", "tRNS", "IDAT", "tEXt", "IEND", "IHDR", "ABCD"][Int(kind) % 7]
    result.append((name, name == "IDAT" && kind < 128 ? Deflater.deflate(content) : content))
  }
  return result
}
