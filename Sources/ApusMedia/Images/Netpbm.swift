// The Netpbm formats PBM, PGM and PPM, as text (P1–P3) and binary (P4–P6). Read next: Image+Files.swift.

import ApusFiles
public import Foundation

/// A Netpbm format for writing.
public enum NetpbmFormat: Sendable {
  /// PBM: one bit per pixel, black or white.
  case bitmap
  /// PGM: gray.
  case graymap
  /// PPM: red, green and blue.
  case pixmap
}

extension Image {
  /// The image as a PBM, PGM or PPM file.
  ///
  /// Colors and gray are converted as the format requires; alpha is dropped. A pixel of a bitmap is white if its gray
  /// value is at least 128.
  ///
  /// - Parameters:
  ///   - format: nil for PGM if the image is gray and PPM if it has colors.
  ///   - asText: whether the samples are written as decimal numbers, which takes about four times the space.
  public func netpbmData(_ format: NetpbmFormat? = nil, asText: Bool = false) -> Data {
    let format = format ?? (channels < 3 ? .graymap : .pixmap)
    let image = converted(toChannels: format == .pixmap ? 3 : 1)
    let number = (format == .bitmap ? 1 : format == .graymap ? 2 : 3) + (asText ? 0 : 3)
    var file = Data("P\(number)\n\(width) \(height)\n\(format == .bitmap ? "" : "255\n")".utf8)
    let perRow = width * image.channels
    for y in 0..<height {
      let row = image.samples[y * perRow..<(y + 1) * perRow]
      switch (format, asText) {
      case (.bitmap, true): file += Data((row.map { $0 < 128 ? "1" : "0" }.joined(separator: " ") + "\n").utf8)
      case (_, true): file += Data((row.map { "\($0)" }.joined(separator: " ") + "\n").utf8)
      case (.bitmap, false):
        var packed = [UInt8](repeating: 0, count: (width + 7) / 8)
        for (x, sample) in row.enumerated() where sample < 128 { packed[x / 8] |= 0x80 >> UInt8(x % 8) }
        file += packed
      case (_, false): file += row
      }
    }
    return file
  }
}

/// Reads a Netpbm file. If the file contains several images, the first one is read.
struct NetpbmReader {
  private let bytes: [UInt8]
  private let path: String
  private let pixelLimit: Int
  private var position = 2

  /// A reader for the bytes of a file.
  ///
  /// - Parameter bytes: the file's contents, which begin with P1 … P6.
  init(_ bytes: [UInt8], path: String, pixelLimit: Int) {
    (self.bytes, self.path, self.pixelLimit) = (bytes, path, pixelLimit)
  }

  mutating func image() throws(FileFormatError) -> Image {
    let kind = Int(bytes[1] - UInt8(ascii: "0"))
    let (isText, channels, isBitmap) = (kind <= 3, kind % 3 == 0 ? 3 : 1, kind % 3 == 1)
    let width = try number("a width", 1...Int(Int32.max))
    let start = position
    let height = try number("a height", 1...Int(Int32.max))
    guard width * height <= pixelLimit else {
      throw failure(start, "at most \(pixelLimit) pixels", "\(width) × \(height)")
    }
    let largest = isBitmap ? 1 : try number("a maximum value", 1...65_535)
    guard position < bytes.count, NetpbmReader.isSpace(bytes[position]) else {
      throw failure(position, "white space after the header", found(at: position))
    }
    position += 1

    let count = width * height * channels
    // The minimum size of this many samples. Memory is allocated only if the file is at least that long.
    let least: Int
    switch (isText, isBitmap) {
    case (true, true): least = count
    case (true, false): least = 2 * count - 1
    case (false, true): least = (width + 7) / 8 * height
    case (false, false): least = count * (largest > 255 ? 2 : 1)
    }
    guard bytes.count - position >= least else {
      throw failure(
        position, "at least \(least) bytes of samples for \(width) × \(height) pixels", "\(bytes.count - position)")
    }
    var samples = [UInt8](repeating: 0, count: count)
    if isText {
      for i in 0..<count {
        if isBitmap {
          samples[i] = try digit() ? 0 : 255
        } else {
          samples[i] = NetpbmReader.scaled(try number("a sample", 0...largest), largest)
        }
      }
    } else if isBitmap {
      let rowBytes = (width + 7) / 8
      for y in 0..<height {
        for x in 0..<width {
          let isBlack = bytes[position + y * rowBytes + x / 8] >> UInt8(7 - x % 8) & 1 == 1
          samples[y * width + x] = isBlack ? 0 : 255
        }
      }
    } else {
      for i in 0..<count {
        let place = position + (largest > 255 ? 2 * i : i)
        let value = largest > 255 ? Int(bytes[place]) << 8 | Int(bytes[place + 1]) : Int(bytes[place])
        guard value <= largest else { throw failure(place, "a sample of at most \(largest)", "\(value)") }
        samples[i] = NetpbmReader.scaled(value, largest)
      }
    }
    return Image(width: width, height: height, channels: channels, samples: samples)
  }

  /// Scales 0 … largest to 0 … 255, rounded to the nearest.
  private static func scaled(_ value: Int, _ largest: Int) -> UInt8 { UInt8((value * 255 + largest / 2) / largest) }

  private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

  /// Skips white space and comments, which go from # to the end of the line.
  private mutating func skipSpace() {
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "#") {
        while position < bytes.count, bytes[position] != 0x0A, bytes[position] != 0x0D { position += 1 }
      } else if NetpbmReader.isSpace(bytes[position]) {
        position += 1
      } else {
        return
      }
    }
  }

  private mutating func number(_ what: String, _ range: ClosedRange<Int>) throws(FileFormatError) -> Int {
    skipSpace()
    let start = position
    var value = 0
    while position < bytes.count, (0x30...0x39).contains(bytes[position]) {
      value = value * 10 + Int(bytes[position] - 0x30)
      position += 1
      // Stops before the value overflows.
      if value > Int(UInt32.max) { break }
    }
    let expected = "\(what) from \(range.lowerBound) to \(range.upperBound)"
    guard position > start else { throw failure(start, expected, found(at: start)) }
    guard range.contains(value) else {
      throw failure(start, expected, value > Int(UInt32.max) ? "a larger number" : "\(value)")
    }
    return value
  }

  /// One digit of a bitmap in text form, where digits need no white space between them.
  private mutating func digit() throws(FileFormatError) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == 0x30 || bytes[position] == 0x31 else {
      throw failure(position, "0 or 1", found(at: position))
    }
    position += 1
    return bytes[position - 1] == 0x31
  }

  private func found(at offset: Int) -> String { offset < bytes.count ? spelled(bytes[offset]) : "the end of the file" }

  private func failure(_ offset: Int, _ expected: String, _ found: String) -> FileFormatError {
    FileFormatError(path: path, place: .byte(offset), expected: expected, found: found)
  }
}
