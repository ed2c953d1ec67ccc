// The windows of a corpus in order, as a collection of batches.
// Read first: TokenCorpus.swift.

import ApusBase
public import ApusTensor

/// Consecutive windows of tokens, `size` per batch; created by `TokenCorpus.batches(of:size:length:)`.
///
/// A batch is assembled when it is accessed, in O(size · length).
public struct TokenBatches: Sendable, RandomAccessCollection {
  private let tokens: [Int32]
  private let size: Int
  private let length: Int

  init(tokens: [Int32], size: Int, length: Int) {
    require(size > 0 && length > 0, "batches: cannot make batches of \(size) windows of \(length) tokens")
    self.tokens = tokens
    self.size = size
    self.length = length
  }

  /// The number of windows in all batches.
  public var windowCount: Int { Swift.max(0, tokens.count - 1) / length }

  /// The index of the first batch, 0.
  public var startIndex: Int { 0 }
  /// The number of batches.
  public var endIndex: Int { windowCount / size + (windowCount % size == 0 ? 0 : 1) }

  /// The inputs and targets of a batch, both [B, T]; B is `size`, or less in the last batch.
  public subscript(position: Int) -> (inputs: IndexTensor, targets: IndexTensor) {
    require(position >= 0 && position < endIndex, "batches: batch \(position) is out of range (there are \(endIndex))")
    let first = position * size
    let starts = (first..<Swift.min(first + size, windowCount)).map { $0 * length }
    return windows(of: tokens, starts: starts, length: length)
  }
}
