// An image in memory. Read next: Image+Files.swift, PNGReader.swift; Image+Resizing.swift; ImageProcessor.swift.

import ApusBase

/// An image of 8-bit samples in row-major order from the top, with the channels of a pixel next to each other.
///
/// The number of channels is 1 (gray), 2 (gray and alpha), 3 (red, green and blue) or 4 (red, green, blue and alpha).
/// Alpha is not premultiplied.
///
/// ```swift
/// let photo = try Image(contentsOf: url)              // PNG, PPM, PGM or PBM
/// try photo.resized(width: 64, height: 64, .bicubic).write(to: thumbnail)
/// ```
public struct Image: Sendable, Equatable {
  /// The number of columns.
  public let width: Int
  /// The number of rows.
  public let height: Int
  /// The number of samples per pixel, from 1 to 4.
  public let channels: Int
  /// The samples, [height, width, channels] in row-major order.
  public let samples: [UInt8]

  /// Creates an image from samples.
  ///
  /// - Precondition: width and height are positive, there are one to four channels, and there are
  ///   width · height · channels samples.
  public init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
    require(
      width > 0 && height > 0 && (1...4).contains(channels), "Image: invalid size \(width) × \(height) × \(channels)")
    require(
      samples.count == width * height * channels,
      "Image: \(samples.count) samples for \(width) × \(height) × \(channels)")
    (self.width, self.height, self.channels, self.samples) = (width, height, channels, samples)
  }

  /// The sample of a channel at column x of row y.
  ///
  /// - Precondition: the pixel and the channel exist.
  public subscript(x: Int, y: Int, channel: Int) -> UInt8 {
    require(
      (0..<width).contains(x) && (0..<height).contains(y) && (0..<channels).contains(channel),
      "Image: sample (\(x), \(y), \(channel)) is outside \(width) × \(height) × \(channels)")
    return samples[(y * width + x) * channels + channel]
  }

  /// Whether the last channel is alpha.
  public var hasAlpha: Bool { channels % 2 == 0 }

  /// The image with another number of channels.
  ///
  /// Gray becomes three equal colors. Colors become gray as 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601), rounded to the
  /// nearest. A new alpha channel is 255 everywhere; a removed one is dropped without blending.
  public func converted(toChannels count: Int) -> Image {
    require((1...4).contains(count), "Image: cannot convert to \(count) channels (expected 1 to 4)")
    if count == channels { return self }
    var result: [UInt8] = []
    result.reserveCapacity(width * height * count)
    for pixel in 0..<width * height {
      let start = pixel * channels
      let alpha = hasAlpha ? samples[start + channels - 1] : 255
      switch (channels > 2, count > 2) {
      case (true, true): result += samples[start..<start + 3]
      case (true, false):
        result.append(Image.luminance(samples[start], samples[start + 1], samples[start + 2]))
      case (false, true): for _ in 0..<3 { result.append(samples[start]) }
      case (false, false): result.append(samples[start])
      }
      if count % 2 == 0 { result.append(alpha) }
    }
    return Image(width: width, height: height, channels: count, samples: result)
  }

  private static func luminance(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    // 0.299, 0.587 and 0.114 in units of 2⁻¹⁶; they add up to 65536.
    let sum: Int = Int(red) * 19_595 + Int(green) * 38_470 + Int(blue) * 7_471
    return UInt8((sum + 32_768) >> 16)
  }

  /// The center of the image with these sizes; where the image is smaller, it is padded with zeros.
  ///
  /// If an odd number of rows or columns is cut off, one more is cut off at the end than at the start. If an odd number
  /// is added, one more is added at the start.
  public func centerCropped(width newWidth: Int, height newHeight: Int) -> Image {
    require(newWidth > 0 && newHeight > 0, "Image: cannot crop to \(newWidth) × \(newHeight)")
    // The shift rounds down: (−3) >> 1 is −2, which means two zeros at the start.
    let (left, top) = ((width - newWidth) >> 1, (height - newHeight) >> 1)
    let columns = max(0, left)..<min(width, left + newWidth)
    var result = [UInt8](repeating: 0, count: newWidth * newHeight * channels)
    for y in max(0, top)..<min(height, top + newHeight) {
      let source = (y * width + columns.lowerBound) * channels
      let target = ((y - top) * newWidth + columns.lowerBound - left) * channels
      result.replaceSubrange(
        target..<target + columns.count * channels, with: samples[source..<source + columns.count * channels])
    }
    return Image(width: newWidth, height: newHeight, channels: channels, samples: result)
  }
}
