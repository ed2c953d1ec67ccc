// The sizes of an encoder or a decoder, and its blocks. BART and Marian share them.
// Read first: ApusNN/Layers/TransformerBlock.swift. Read next: ../BART/BART.swift.

import ApusGeneration
import ApusNN
import ApusTensor

/// The sizes of an encoder or a decoder.
public struct StackConfiguration: Sendable, Equatable, Codable {
  /// The number of blocks.
  public var layers: Int
  /// The number of attention heads.
  public var heads: Int
  /// The size inside the feed-forward networks.
  public var intermediateSize: Int

  public init(layers: Int, heads: Int, intermediateSize: Int) {
    (self.layers, self.heads, self.intermediateSize) = (layers, heads, intermediateSize)
  }

  /// The post-norm blocks of an encoder, or of a decoder with cross-attention.
  func makeBlocks(
    _ width: Int, _ activation: Activation, dropout: Float, hasCrossAttention: Bool = false
  ) -> [TransformerBlock] {
    (0..<layers).map { _ in
      TransformerBlock(
        width: width, heads: heads, intermediateSize: intermediateSize, activation: activation, dropout: dropout,
        hasCrossAttention: hasCrossAttention)
    }
  }
}

/// Everything that is invalid about the sizes of an encoder–decoder, one sentence each.
func sizeProblems(
  sizes: [(String, Int)], stacks: [(String, StackConfiguration)], width: Int, vocabularySize: Int,
  tokens: [(String, Int32)], dropout: Float
) -> [String] {
  var problems: [String] = []
  let parts = stacks.flatMap { name, stack in
    [
      ("\(name).layers", stack.layers), ("\(name).heads", stack.heads),
      ("\(name).intermediateSize", stack.intermediateSize),
    ]
  }
  for (name, size) in sizes + parts where size < 1 { problems.append("\(name): expected at least 1, found \(size)") }
  for (name, stack) in stacks where stack.heads > 0 && width % stack.heads != 0 {
    problems.append("width: expected a multiple of the \(name)'s \(stack.heads) heads, found \(width)")
  }
  for (name, token) in tokens where token < 0 || Int(token) >= vocabularySize {
    problems.append("\(name): expected a token below \(vocabularySize), found \(token)")
  }
  if !(0..<1).contains(dropout) { problems.append("dropout: expected 0 ≤ p < 1, found \(dropout)") }
  return problems
}
