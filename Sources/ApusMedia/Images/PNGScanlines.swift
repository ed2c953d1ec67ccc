// Converts the decompressed data of a PNG file to samples: filters, bit depths, palettes, interlacing.
// Read first: PNGReader.swift.

/// Decodes the filtered scanlines of an image.
struct PNGScanlines {
  /// An error in the decompressed data, with its place in the image.
  struct Failure: Error {
    let place: String
    let expected: String
    let found: String
  }

  private let header: PNGFormat.Header
  private var bytes: [UInt8]
  private let palette: [UInt8]
  private let transparency: [UInt8]

  init(_ header: PNGFormat.Header, _ bytes: [UInt8], palette: [UInt8], transparency: [UInt8]) {
    (self.header, self.bytes, self.palette, self.transparency) = (header, bytes, palette, transparency)
  }

  mutating func image() throws(Failure) -> Image {
    let channels = channels
    var samples = [UInt8](repeating: 0, count: header.width * header.height * channels)
    var start = 0
    for (number, pass) in header.passes.enumerated() {
      let (width, height) = header.size(of: pass)
      let rowBytes = header.rowBytes(width: width)
      for row in 0..<height {
        try unfilter(start, count: rowBytes, isFirst: row == 0, pass: number, row: row)
        let y = pass.y + row * pass.dy
        let target = (y * header.width + pass.x) * channels
        if header.depth == 8 && header.type != .palette && transparency.isEmpty && !header.isInterlaced {
          samples.replaceSubrange(target..<target + rowBytes, with: bytes[start + 1..<start + 1 + rowBytes])
        } else {
          try expand(start + 1, count: width, into: &samples, at: target, step: pass.dx * channels, y: y)
        }
        start += 1 + rowBytes
      }
    }
    return Image(width: header.width, height: header.height, channels: channels, samples: samples)
  }

  /// The number of channels of the image: those of the file with palettes resolved, and alpha if some colors are
  /// transparent.
  private var channels: Int {
    let colors = header.type == .palette ? 3 : header.type.samples
    return transparency.isEmpty ? colors : colors + 1
  }

  // MARK: Filters

  /// Adds to each byte of a row the filter's prediction from the left, upper and upper-left neighbors.
  private mutating func unfilter(_ start: Int, count: Int, isFirst: Bool, pass: Int, row: Int) throws(Failure) {
    let (first, end) = (start + 1, start + 1 + count)
    // The left neighbor is the same byte of the previous pixel, or the previous byte if a pixel has fewer than 8 bits.
    let distance = max(1, header.bitsPerPixel / 8)
    let above = count + 1
    switch bytes[start] {
    case 0: break
    case 1:
      for i in first + min(distance, count)..<end { bytes[i] &+= bytes[i - distance] }
    case 2:
      if !isFirst { for i in first..<end { bytes[i] &+= bytes[i - above] } }
    case 3:
      for i in first..<end {
        let left = i - first >= distance ? Int(bytes[i - distance]) : 0
        let up = isFirst ? 0 : Int(bytes[i - above])
        bytes[i] &+= UInt8((left + up) / 2)
      }
    case 4:
      for i in first..<end {
        let hasLeft = i - first >= distance
        let left = hasLeft ? Int(bytes[i - distance]) : 0
        let up = isFirst ? 0 : Int(bytes[i - above])
        let corner = hasLeft && !isFirst ? Int(bytes[i - above - distance]) : 0
        bytes[i] &+= UInt8(PNGScanlines.paeth(left, up, corner))
      }
    default:
      let name = header.isInterlaced ? "pass \(pass + 1), row \(row)" : "row \(row)"
      throw Failure(place: name, expected: "a filter type from 0 to 4", found: "\(bytes[start])")
    }
  }

  /// The neighbor that is nearest to left + up − corner; the first one if several are equally near (Paeth 1991).
  static func paeth(_ left: Int, _ up: Int, _ corner: Int) -> Int {
    let estimate = left + up - corner
    let (a, b, c) = (abs(estimate - left), abs(estimate - up), abs(estimate - corner))
    return a <= b && a <= c ? left : b <= c ? up : corner
  }

  // MARK: Samples

  /// Converts one row of a pass: `count` pixels, which are `step` samples apart in the image.
  private func expand(
    _ start: Int, count: Int, into samples: inout [UInt8], at target: Int, step: Int, y: Int
  ) throws(Failure) {
    let perPixel = header.type.samples
    let scale = header.depth < 8 ? 255 / (1 << header.depth - 1) : 1
    let key = header.type == .palette ? [] : transparentColor
    var target = target
    for pixel in 0..<count {
      if header.type == .palette {
        let index = sample(start, pixel)
        guard index * 3 < palette.count else {
          throw Failure(
            place: "row \(y)", expected: "an index into \(palette.count / 3) palette colors", found: "\(index)")
        }
        for channel in 0..<3 { samples[target + channel] = palette[index * 3 + channel] }
        if !transparency.isEmpty {
          samples[target + 3] = index < transparency.count ? transparency[index] : 255
        }
      } else {
        var isKey = !key.isEmpty
        for channel in 0..<perPixel {
          let value = sample(start, pixel * perPixel + channel)
          isKey = isKey && value == key[channel]
          // Scales 65535 to 255: a division by 257, rounded to the nearest.
          samples[target + channel] = UInt8(header.depth == 16 ? (value + 128) / 257 : value * scale)
        }
        if !key.isEmpty { samples[target + perPixel] = isKey ? 0 : 255 }
      }
      target += step
    }
  }

  /// The color that tRNS makes transparent, at the file's bit depth; empty if there is none.
  private var transparentColor: [Int] {
    stride(from: 0, to: transparency.count - 1, by: 2).map {
      (Int(transparency[$0]) << 8 | Int(transparency[$0 + 1])) & (1 << header.depth - 1)
    }
  }

  /// The stored sample number `index` of a row.
  @inline(__always)
  private func sample(_ start: Int, _ index: Int) -> Int {
    switch header.depth {
    case 8: return Int(bytes[start + index])
    case 16: return Int(bytes[start + 2 * index]) << 8 | Int(bytes[start + 2 * index + 1])
    default:
      let bit = index * header.depth
      return Int(bytes[start + bit / 8]) >> (8 - header.depth - bit % 8) & (1 << header.depth - 1)
    }
  }
}
