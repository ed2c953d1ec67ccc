// PNG files: their chunks and the checks on them (ISO/IEC 15948). Read first: Inflate.swift, Checksums.swift.
// Read next: PNGScanlines.swift, which converts the decompressed data to samples.

import ApusFiles

/// Constants and the header of the PNG format.
enum PNGFormat {
  static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]

  /// The color type, which determines the samples of a pixel.
  enum ColorType: Int {
    case gray = 0
    case color = 2
    case palette = 3
    case grayAlpha = 4
    case colorAlpha = 6

    var samples: Int {
      switch self {
      case .gray, .palette: 1
      case .grayAlpha: 2
      case .color: 3
      case .colorAlpha: 4
      }
    }

    var depths: [Int] {
      switch self {
      case .gray: [1, 2, 4, 8, 16]
      case .palette: [1, 2, 4, 8]
      default: [8, 16]
      }
    }
  }

  /// The fields of the IHDR chunk.
  struct Header {
    var width: Int
    var height: Int
    var depth: Int
    var type: ColorType
    var isInterlaced: Bool

    var bitsPerPixel: Int { depth * type.samples }

    /// The passes in the file: one, or seven reduced images for Adam7 interlacing.
    var passes: [(x: Int, y: Int, dx: Int, dy: Int)] {
      isInterlaced
        ? [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
        : [(0, 0, 1, 1)]
    }

    /// The size of a pass. Both are 0 if either is.
    func size(of pass: (x: Int, y: Int, dx: Int, dy: Int)) -> (width: Int, height: Int) {
      let columns = (width - pass.x + pass.dx - 1) / pass.dx
      let rows = (height - pass.y + pass.dy - 1) / pass.dy
      return columns > 0 && rows > 0 ? (columns, rows) : (0, 0)
    }

    /// The number of bytes in a row, without the filter byte before it.
    func rowBytes(width: Int) -> Int { (width * bitsPerPixel + 7) / 8 }

    /// The number of bytes of the decompressed data.
    var dataCount: Int {
      passes.reduce(0) { sum, pass in
        let (width, height) = size(of: pass)
        return sum + height * (1 + rowBytes(width: width))
      }
    }
  }
}

/// Reads a PNG file. Every chunk is checked; the known ones are decoded.
struct PNGReader {
  private let bytes: [UInt8]
  private let path: String
  private let pixelLimit: Int
  private var palette: [UInt8] = []
  private var transparency: [UInt8] = []
  /// The compressed image data, and where its parts are in the file.
  private var data: [UInt8] = []
  private var parts: [(dataOffset: Int, fileOffset: Int)] = []

  init(_ bytes: [UInt8], path: String, pixelLimit: Int) {
    (self.bytes, self.path, self.pixelLimit) = (bytes, path, pixelLimit)
  }

  mutating func image() throws(FileFormatError) -> Image {
    let first = try chunk(at: PNGFormat.signature.count)
    guard first.name == "IHDR" else { throw failure(first.offset + 4, "the chunk IHDR", "the chunk \(first.name)") }
    let header = try header(first)
    try readChunks(header, after: first)
    if header.type == .palette && palette.isEmpty {
      throw FileFormatError(path: path, place: .key("PLTE"), expected: "a palette", found: "none")
    }
    // Deflate expands by at most 1032 times. Memory is allocated only if the file is long enough.
    let dataCount = header.dataCount
    guard dataCount / DeflateFormat.largestRatio <= data.count else {
      throw FileFormatError(
        path: path, place: .key("IDAT"),
        expected: "compressed data for \(header.width) × \(header.height) pixels (\(dataCount) bytes)",
        found: "only \(data.count) bytes")
    }
    let scanlines: [UInt8]
    do throws(Inflater.Failure) {
      scanlines = try Inflater.inflate(data, count: dataCount)
    } catch {
      throw failure(fileOffset(of: error.offset), error.expected, error.found)
    }
    data = []
    var decoder = PNGScanlines(header, scanlines, palette: palette, transparency: transparency)
    do throws(PNGScanlines.Failure) {
      return try decoder.image()
    } catch {
      throw FileFormatError(path: path, place: .key(error.place), expected: error.expected, found: error.found)
    }
  }

  // MARK: Chunks

  private struct Chunk {
    let name: String
    /// The offset of the chunk's first byte in the file.
    let offset: Int
    let content: ArraySlice<UInt8>

    var end: Int { content.endIndex + 4 }
    /// Whether a reader must know the chunk. Unknown chunks whose name begins with a small letter may be skipped.
    var isCritical: Bool { name.first?.isUppercase ?? true }
  }

  private func chunk(at offset: Int) throws(FileFormatError) -> Chunk {
    guard offset + 12 <= bytes.count else {
      throw failure(bytes.count, "the rest of the chunk at byte \(offset), or the chunk IEND", "the end of the file")
    }
    let length = Int(number(at: offset))
    let letters = bytes[offset + 4..<offset + 8]
    guard letters.allSatisfy({ (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) }) else {
      throw failure(
        offset + 4, "the four letters of a chunk's name", letters.map { spelled($0) }.joined(separator: ", "))
    }
    let name = String(decoding: letters, as: UTF8.self)
    guard length <= bytes.count - offset - 12 else {
      throw failure(
        offset, "a length of \(name) that fits into the file", "\(length) with \(bytes.count - offset - 12) bytes left")
    }
    let end = offset + 8 + length
    let (stored, actual) = (number(at: end), CRC32.checksum(bytes[offset + 4..<end]))
    guard stored == actual else {
      throw failure(end, "the checksum \(hexadecimal(actual)) of the chunk \(name)", hexadecimal(stored))
    }
    return Chunk(name: name, offset: offset, content: bytes[offset + 8..<end])
  }

  private func header(_ chunk: Chunk) throws(FileFormatError) -> PNGFormat.Header {
    let start = chunk.content.startIndex
    guard chunk.content.count == 13 else { throw failure(chunk.offset, "IHDR of 13 bytes", "\(chunk.content.count)") }
    let (width, height) = (number(at: start), number(at: start + 4))
    for (offset, size, name) in [(start, width, "width"), (start + 4, height, "height")]
    where size == 0 || size > Int32.max {
      throw failure(offset, "a \(name) from 1 to \(Int32.max)", "\(size)")
    }
    guard Int(width) * Int(height) <= pixelLimit else {
      throw failure(start, "at most \(pixelLimit) pixels", "\(width) × \(height)")
    }
    guard let type = PNGFormat.ColorType(rawValue: Int(bytes[start + 9])) else {
      throw failure(start + 9, "color type 0, 2, 3, 4 or 6", "\(bytes[start + 9])")
    }
    let depth = Int(bytes[start + 8])
    guard type.depths.contains(depth) else {
      let depths = type.depths.map(String.init).joined(separator: ", ")
      throw failure(start + 8, "a bit depth of \(depths) for color type \(type.rawValue)", "\(depth)")
    }
    for (offset, name) in [(start + 10, "compression"), (start + 11, "filter")] where bytes[offset] != 0 {
      throw failure(offset, "\(name) method 0", "\(bytes[offset])")
    }
    guard bytes[start + 12] <= 1 else { throw failure(start + 12, "interlace method 0 or 1", "\(bytes[start + 12])") }
    return PNGFormat.Header(
      width: Int(width), height: Int(height), depth: depth, type: type, isInterlaced: bytes[start + 12] == 1)
  }

  private mutating func readChunks(_ header: PNGFormat.Header, after first: Chunk) throws(FileFormatError) {
    var seen: Set<String> = []
    var previous = first
    while true {
      let chunk = try chunk(at: previous.end)
      let isFirst = seen.insert(chunk.name).inserted
      switch chunk.name {
      case "PLTE", "tRNS":
        guard isFirst else { throw failure(chunk.offset, "one \(chunk.name) chunk", "another one") }
        guard !seen.contains("IDAT") else { throw failure(chunk.offset, "\(chunk.name) before IDAT", "it after IDAT") }
        if chunk.name == "PLTE" { try readPalette(chunk, header) } else { try readTransparency(chunk, header) }
      case "IDAT":
        guard isFirst || previous.name == "IDAT" else {
          throw failure(chunk.offset, "consecutive IDAT chunks", "\(previous.name) between them")
        }
        parts.append((data.count, chunk.content.startIndex))
        data += chunk.content
      case "IEND":
        guard seen.contains("IDAT") else { throw failure(chunk.offset, "the chunk IDAT", "the end of the image") }
        return
      default:
        guard !chunk.isCritical else {
          throw failure(chunk.offset + 4, "one of IHDR, PLTE, IDAT, IEND once and in order", "the chunk \(chunk.name)")
        }
      }
      previous = chunk
    }
  }

  private mutating func readPalette(_ chunk: Chunk, _ header: PNGFormat.Header) throws(FileFormatError) {
    let count = chunk.content.count
    guard header.type != .gray && header.type != .grayAlpha else {
      throw failure(chunk.offset, "no palette in a gray image", "one")
    }
    let most = header.type == .palette ? 1 << header.depth : 256
    guard count > 0, count % 3 == 0, count / 3 <= most else {
      throw failure(chunk.offset, "a palette of 1 to \(most) colors, three bytes each", "\(count) bytes")
    }
    palette = Array(chunk.content)
  }

  private mutating func readTransparency(_ chunk: Chunk, _ header: PNGFormat.Header) throws(FileFormatError) {
    let count = chunk.content.count
    switch header.type {
    case .gray, .color:
      let expected = header.type == .gray ? 2 : 6
      guard count == expected else { throw failure(chunk.offset, "\(expected) bytes of tRNS", "\(count)") }
    case .palette:
      guard !palette.isEmpty else { throw failure(chunk.offset, "PLTE before tRNS", "tRNS first") }
      guard (1...palette.count / 3).contains(count) else {
        throw failure(chunk.offset, "1 to \(palette.count / 3) bytes of tRNS", "\(count)")
      }
    case .grayAlpha, .colorAlpha: throw failure(chunk.offset, "no tRNS in an image with alpha", "one")
    }
    transparency = Array(chunk.content)
  }

  // MARK: Bytes

  /// The four bytes at `offset` as a big-endian number.
  private func number(at offset: Int) -> UInt32 {
    bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }

  private func fileOffset(of dataOffset: Int) -> Int {
    guard let part = parts.last(where: { $0.dataOffset <= dataOffset }) else { return dataOffset }
    return part.fileOffset + dataOffset - part.dataOffset
  }

  private func failure(_ offset: Int, _ expected: String, _ found: String) -> FileFormatError {
    FileFormatError(path: path, place: .byte(offset), expected: expected, found: found)
  }
}
