// Position embeddings: attention itself does not know the order of its inputs.
// Read next: RotaryPositions.swift, RelativePositionBias.swift.

import ApusBase
public import ApusTensor
import Foundation

/// The positions of a batch's tokens in their sequences.
public enum TokenPositions {
  /// Consecutive positions, the same in all sequences.
  case range(Range<Int>)
  /// A position for every token, [batch, length], or [1, length] if all sequences have the same.
  case indices(IndexTensor)

  /// The given positions, or 0 ..< length if there are none.
  public init(_ given: IndexTensor?, length: Int) { self = given.map { .indices($0) } ?? .range(0..<length) }
}

/// A learned embedding for every position, as in BERT and GPT-2.
public final class LearnedPositions: Module {
  /// [maximum length, width]
  @Parameter public var weight: Tensor

  /// - Parameters:
  ///   - length: the maximum number of positions.
  ///   - width: the embedding dimension.
  ///   - initializer: by default normal with standard deviation 0.02.
  public init(_ length: Int, _ width: Int, initializer: Initializer = .normal(standardDeviation: 0.02)) {
    weight = initializer([length, width])
  }

  /// The embeddings of positions `start ..< start + length`: [length, width].
  ///
  /// - Precondition: the table has that many.
  public func callAsFunction(_ length: Int, from start: Int = 0) -> Tensor {
    require(
      start + length <= weight.shape[0],
      "LearnedPositions: positions \(start)..<\(start + length) of a table of \(weight.shape[0])")
    return weight.slice(start..<start + length)
  }

  /// The embeddings of positions: [length, width], or [batch, length, width] if every token has its own position.
  ///
  /// - Precondition: the table has these positions.
  public func callAsFunction(_ positions: TokenPositions) -> Tensor {
    switch positions {
    case .range(let range): self(range.count, from: range.lowerBound)
    case .indices(let indices): weight.gathering(indices)
    }
  }
}

/// Fixed sines and cosines with geometrically spaced wavelengths (Vaswani et al., arXiv:1706.03762, section 3.5):
/// PE(p, 2i) = sin(p / 10000^(2i/width)), PE(p, 2i + 1) = cos(p / 10000^(2i/width)).
public final class SinusoidalPositions: Module {
  /// The order of the columns.
  public enum Layout: Sendable, Equatable {
    /// Each sine next to its cosine, as in the paper.
    case interleaved
    /// All sines, then all cosines, as in the code published with the paper and in Marian.
    case halves
  }

  /// The embedding dimension.
  public let width: Int
  /// The order of the columns.
  public let layout: Layout
  /// 10000^(−2i/width) for each pair i of a sine and a cosine.
  private let frequencies: [Double]

  /// - Parameters:
  ///   - width: the embedding dimension.
  ///   - layout: the order of the columns.
  public init(_ width: Int, layout: Layout = .interleaved) {
    (self.width, self.layout) = (width, layout)
    frequencies = (0..<(width + 1) / 2).map { pow(10_000, -Double(2 * $0) / Double(width)) }
  }

  /// The embeddings of positions `start ..< start + length`: [length, width].
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
