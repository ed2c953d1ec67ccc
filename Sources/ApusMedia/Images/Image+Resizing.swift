// Resizing images. Read first: Image.swift. Read next: ImageProcessor.swift, whose models need bit-identical pixels.

import ApusBase
import Foundation

/// The filter that weights the pixels when an image is resized.
public enum Resampling: Sendable, Equatable, CaseIterable {
  /// The nearest pixel.
  case nearest
  /// A triangle filter: linear interpolation.
  case bilinear
  /// Cubic convolution with a = −½ (Keys 1981).
  case bicubic
  /// A sinc windowed to three lobes: sinc(x)·sinc(x/3) (Duchon 1979).
  case lanczos

  /// The distance beyond which the weight is 0, in pixels of the smaller image.
  fileprivate var radius: Double {
    switch self {
    case .nearest: 0
    case .bilinear: 1
    case .bicubic: 2
    case .lanczos: 3
    }
  }

  fileprivate func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .nearest: return 1
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      if x < 1 { return (1.5 * x - 2.5) * x * x + 1 }
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0
    case .lanczos:
      if x == 0 { return 1 }
      return x < 3 ? 3 * sin(.pi * x) * sin(.pi * x / 3) / (.pi * .pi * x * x) : 0
    }
  }
}

extension Image {
  /// The image resized to another width and height.
  ///
  /// Columns are resized first, then rows. Where the image shrinks, the filter widens by the same factor, so that every
  /// pixel contributes (antialiasing). Weights are in units of 2⁻²², and samples are rounded to 8 bits after each of
  /// the two passes. Pillow does the same, and many published models were trained on images that it had resized; the
  /// results are identical to the bit.
  ///
  /// - Complexity: O(width · height + new width · height) times the number of pixels under the filter.
  public func resized(width newWidth: Int, height newHeight: Int, _ method: Resampling = .bilinear) -> Image {
    resized(width: newWidth, height: newHeight, method, keeping: (0..<newWidth, 0..<newHeight))
  }

  /// A rectangle of the resized image, at the cost of that rectangle alone.
  package func resized(
    width newWidth: Int, height newHeight: Int, _ method: Resampling,
    keeping part: (columns: Range<Int>, rows: Range<Int>)
  ) -> Image {
    require(newWidth > 0 && newHeight > 0, "Image: resized to \(newWidth) × \(newHeight)")
    let columns = ResizingWeights(from: width, to: newWidth, keeping: part.columns, method)
    let rows = ResizingWeights(from: height, to: newHeight, keeping: part.rows, method)
    // The first pass skips the rows that the second pass does not need.
    let sources = rows.sources
    let narrow = columns.apply(
      samples, start: sources.lowerBound * width * channels, outer: sources.count, inner: channels,
      stride: width * channels)
    let result = rows.apply(
      narrow, start: -sources.lowerBound * part.columns.count * channels, outer: 1,
      inner: part.columns.count * channels, stride: 0)
    return Image(width: part.columns.count, height: part.rows.count, channels: channels, samples: result)
  }
}

/// For each pixel of a resized line, the source pixels that contribute to it.
private struct ResizingWeights {
  private static let bits = 22

  /// For each new pixel, the first source pixel and the weights from there on.
  private var runs: [(first: Int, weights: [Int])] = []

  init(from count: Int, to newCount: Int, keeping pixels: Range<Int>, _ method: Resampling) {
    let scale = Double(count) / Double(newCount)
    let one = Double(1 << ResizingWeights.bits)
    let widening = max(1, scale)
    let radius = method.radius * widening
    for pixel in pixels {
      let center = (Double(pixel) + 0.5) * scale
      if method == .nearest || count == newCount {
        runs.append((min(count - 1, Int(center)), [Int(one)]))
        continue
      }
      let first = max(0, Int(center - radius + 0.5))
      let end = min(count, Int(center + radius + 0.5))
      let weights = (first..<max(end, first + 1)).map { method.weight(at: (Double($0) - center + 0.5) / widening) }
      let sum = weights.reduce(0, +)
      runs.append((first, weights.map { Int(($0 / sum * one).rounded()) }))
    }
  }

  /// The range of all source pixels that have a weight.
  var sources: Range<Int> {
    let first = runs.map(\.first).min() ?? 0
    return first..<(runs.map { $0.first + $0.weights.count }.max() ?? first)
  }

  /// Applies the weights to `outer` lines, which begin at `start` and are `stride` samples apart, of pixels with
  /// `inner` samples each.
  func apply(_ source: [UInt8], start: Int, outer: Int, inner: Int, stride: Int) -> [UInt8] {
    var target = [UInt8](repeating: 0, count: outer * runs.count * inner)
    var sums = [Int](repeating: 0, count: inner)
    var place = 0
    for line in 0..<outer {
      for run in runs {
        for i in 0..<inner { sums[i] = 1 << (ResizingWeights.bits - 1) }
        var position = start + line * stride + run.first * inner
        for weight in run.weights {
          for i in 0..<inner { sums[i] += weight * Int(source[position + i]) }
          position += inner
        }
        for i in 0..<inner { target[place + i] = UInt8(max(0, min(255, sums[i] >> ResizingWeights.bits))) }
        place += inner
      }
    }
    return target
  }
}
