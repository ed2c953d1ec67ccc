// Where a token stands: attention itself does not know the order of its inputs.

import ApusBase
public import ApusTensor
import Foundation

/// A learned vector for every position (as in BERT and GPT-2).
public final class LearnedPositions: Module {
  /// [longest, width]
  @Parameter public var weight: Tensor

  /// - Parameters:
  ///   - length: the most positions.
  public init(_ length: Int, _ width: Int, initializer: Initializer = .normal(standardDeviation: 0.02)) {
    weight = initializer([length, width])
  }

  /// The vectors of positions `start ..< start + length`: [length, width].
  ///
  /// - Precondition: the table has that many.
  public func callAsFunction(_ length: Int, from start: Int = 0) -> Tensor {
    require(
      start + length <= weight.shape[0],
      "LearnedPositions: positions \(start)..<\(start + length) of a table of \(weight.shape[0])")
    return weight.slice(start..<start + length)
  }
}

/// Fixed sines and cosines of geometrically spaced wavelengths (Vaswani et al., arXiv:1706.03762, section 3.5):
/// PE(p, 2i) = sin(p / 10000^(2i/width)), PE(p, 2i + 1) = cos(p / 10000^(2i/width)).
public final class SinusoidalPositions: Module {
  /// The order of the columns.
  public enum Layout: Sendable, Equatable {
    /// Each sine beside its cosine, as in the paper.
    case interleaved
    /// All sines, then all cosines, as in the paper's published code and in Marian.
    case halves
  }

  /// The size of a vector.
  public let width: Int
  /// The order of its elements.
  public let layout: Layout
  /// 10000^(−2i/width) for every pair i of a sine and a cosine.
  private let frequencies: [Double]

  public init(_ width: Int, layout: Layout = .interleaved) {
    (self.width, self.layout) = (width, layout)
    frequencies = (0..<(width + 1) / 2).map { pow(10_000, -Double(2 * $0) / Double(width)) }
  }

  /// The vectors of positions `start ..< start + length`: [length, width].
  public func callAsFunction(_ length: Int, from start: Int = 0) -> Tensor {
    let sines = frequencies.count
    return Tensor(uninitialized: [length, width]) { target in
      for position in 0..<length {
        for column in 0..<width {
          let (pair, isSine) =
            layout == .interleaved
            ? (column / 2, column % 2 == 0) : (column < sines ? column : column - sines, column < sines)
          let angle = Double(start + position) * frequencies[pair]
          target[position * width + column] = Float(isSine ? sin(angle) : cos(angle))
        }
      }
    }
  }
}
