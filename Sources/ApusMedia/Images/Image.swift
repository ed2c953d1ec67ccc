// A picture in memory. Read next: Image+Files.swift, PNGReader.swift; Image+Resizing.swift; ImageProcessor.swift.

import ApusBase

/// A picture of 8-bit samples, row after row from the top, the channels of a pixel side by side.
///
/// Channels are 1: gray; 2: gray and alpha; 3: red, green, blue; 4: those and alpha. Alpha is not premultiplied.
///
/// ```swift
/// let photo = try Image(contentsOf: url)              // PNG, PPM, PGM or PBM
/// try photo.resized(width: 64, height: 64, .bicubic).write(to: thumbnail)
/// ```
public struct Image: Sendable, Equatable {
  /// Pixels in a row.
  public let width: Int
  /// Rows.
  public let height: Int
  /// Samples of a pixel, from 1 to 4.
  public let channels: Int
  /// The samples, [height, width, channels] row-major.
  public let samples: [UInt8]

  /// A picture with these samples.
  ///
  /// - Precondition: at least one pixel, one to four channels, and as many samples as they need.
  public init(width: Int, height: Int, channels: Int, samples: [UInt8]) {
    require(
      width > 0 && height > 0 && (1...4).contains(channels), "Image: \(width) × \(height) × \(channels)")
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
      "Image: sample (\(x), \(y), \(channel)) of \(width) × \(height) × \(channels)")
    return samples[(y * width + x) * channels + channel]
  }

  /// Whether the last channel is alpha.
  public var hasAlpha: Bool { channels % 2 == 0 }

  /// The same picture with another number of channels.
  ///
  /// Gray becomes three equal colours; colours become 0.299 R + 0.587 G + 0.114 B (ITU-R BT.601, rounded to the nearest);
  /// alpha that was not there is 255, alpha that is not wanted is dropped, whatever it hides.
  public func converted(toChannels count: Int) -> Image {
    require((1...4).contains(count), "Image: converted to \(count) channels")
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
    // 0.299, 0.587 and 0.114 in units of 2⁻¹⁶; they sum to 65536.
    let sum: Int = Int(red) * 19_595 + Int(green) * 38_470 + Int(blue) * 7_471
    return UInt8((sum + 32_768) >> 16)
  }

  /// The part of these sizes around the centre; where the picture is smaller, it is surrounded by zeros.
  ///
  /// An odd number of rows or columns too many loses one more behind than in front; one too few gains one more in front.
  public func centerCropped(width newWidth: Int, height newHeight: Int) -> Image {
    require(newWidth > 0 && newHeight > 0, "Image: cropped to \(newWidth) × \(newHeight)")
    // Rounded down: (−3) / 2 becomes −2, which is two of zeros in front.
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
