// Reading and writing image files by format. Read next: PNGReader.swift, PNGWriter.swift, Netpbm.swift.

public import ApusFiles
public import Foundation

extension Image {
  /// The default limit for the number of pixels that a file may declare: 2²⁶, the size of a 64-megapixel photo.
  public static let defaultPixelLimit = 1 << 26

  /// Reads a PNG, PPM, PGM or PBM file. The format is detected from the first bytes, not from the file's name.
  ///
  /// Samples of other bit depths are scaled to 8 bits and rounded. Color profiles and gamma are ignored.
  ///
  /// - Parameters:
  ///   - url: the address of the file.
  ///   - pixelLimit: the most pixels that the header may declare. A file with more is rejected before memory is
  ///     allocated.
  /// - Throws: if the file cannot be read or is invalid, with the place, what was expected and what was found.
  /// - Complexity: O(bytes + samples) time and memory.
  public init(contentsOf url: URL, pixelLimit: Int = Image.defaultPixelLimit) throws(FileFormatError) {
    let file = try MappedFile(contentsOf: url)
    let bytes = withExtendedLifetime(file) { Array(file.bytes) }
    try self.init(bytes: bytes, path: file.path, pixelLimit: pixelLimit)
  }

  /// Reads a file's bytes that are already in memory; `name` is used in messages.
  public init(
    data: Data, name: String, pixelLimit: Int = Image.defaultPixelLimit
  ) throws(FileFormatError) {
    try self.init(bytes: Array(data), path: name, pixelLimit: pixelLimit)
  }

  private init(bytes: [UInt8], path: String, pixelLimit: Int) throws(FileFormatError) {
    if bytes.starts(with: PNGFormat.signature) {
      var reader = PNGReader(bytes, path: path, pixelLimit: pixelLimit)
      self = try reader.image()
    } else if bytes.count > 1, bytes[0] == UInt8(ascii: "P"), (UInt8(ascii: "1")...UInt8(ascii: "6")).contains(bytes[1])
    {
      var reader = NetpbmReader(bytes, path: path, pixelLimit: pixelLimit)
      self = try reader.image()
    } else {
      throw FileFormatError(
        path: path, expected: "a PNG, PPM, PGM or PBM image", found: Image.guess(at: bytes))
    }
  }

  /// The format that a file of an unsupported type probably has.
  private static func guess(at bytes: [UInt8]) -> String {
    let known: [(beginning: [UInt8], name: String)] = [
      ([0xFF, 0xD8, 0xFF], "a JPEG image"), (Array("GIF8".utf8), "a GIF image"), (Array("BM".utf8), "a BMP image"),
      (Array("RIFF".utf8), "a RIFF file (WebP, WAV or AVI)"), ([0x49, 0x49, 0x2A, 0], "a TIFF image"),
      ([0x4D, 0x4D, 0, 0x2A], "a TIFF image"), (Array("%PDF".utf8), "a PDF document"),
      (Array("P7".utf8), "a PAM image"), (Array("PF".utf8), "a PFM image"),
    ]
    if bytes.isEmpty { return "an empty file" }
    if let format = known.first(where: { bytes.starts(with: $0.beginning) }) { return format.name }
    if bytes.starts(with: PNGFormat.signature.prefix(4)) { return "a PNG signature damaged by a text-mode transfer" }
    return "a file that begins with " + bytes.prefix(4).map { spelled($0) }.joined(separator: ", ")
  }

  /// Writes the image in the format that the file name's extension indicates: png, ppm, pgm or pbm.
  ///
  /// - Throws: if the extension is another one, or if the file cannot be written; then the old file is kept.
  public func write(to url: URL) throws(FileFormatError) {
    let data: Data
    switch url.pathExtension.lowercased() {
    case "png": data = pngData()
    case "ppm": data = netpbmData(.pixmap)
    case "pgm": data = netpbmData(.graymap)
    case "pbm": data = netpbmData(.bitmap)
    default:
      throw FileFormatError(
        path: url.readablePath, expected: "a file extension .png, .ppm, .pgm or .pbm",
        found: url.pathExtension.isEmpty ? "none" : quoted("." + url.pathExtension))
    }
    try AtomicFile.write(data, to: url)
  }
}
