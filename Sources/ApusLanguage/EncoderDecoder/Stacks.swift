// Stacks of the original Transformer's layers: sizes, and running through them. BART and Marian share them.
// Read first: ApusNN/Layers/TransformerDecoderLayer.swift. Read next: ../BART/BART.swift.

import ApusGeneration
import ApusNN
import ApusTensor

/// The sizes of an encoder or decoder.
public struct StackConfiguration: Sendable, Equatable, Codable {
  /// Their number.
  public var layers: Int
  /// Heads of each attention.
  public var heads: Int
  /// Features inside a feed-forward network.
  public var hidden: Int

  public init(layers: Int, heads: Int, hidden: Int) {
    (self.layers, self.heads, self.hidden) = (layers, heads, hidden)
  }

  func makeEncoder(_ width: Int, _ activation: Activation, dropout: Float) -> [EncoderBlock] {
    (0..<layers).map { _ in
      EncoderBlock(width: width, heads: heads, hidden: hidden, activation: activation, dropout: dropout)
    }
  }

  func makeDecoder(_ width: Int, _ activation: Activation, dropout: Float) -> [TransformerDecoderLayer] {
    (0..<layers).map { _ in
      TransformerDecoderLayer(width, heads: heads, hidden: hidden, activation: activation, dropout: dropout)
    }
  }
}

extension Array where Element: Module {
  /// The input and the result of every layer, one after the other.
  func states(from x: Tensor, _ apply: (Tensor, Element) -> Tensor) -> [Tensor] {
    reduce(into: [x]) { states, layer in states.append(apply(states[states.count - 1], layer)) }
  }
}

extension [TransformerDecoderLayer] {
  /// A state whose memories are the encoder's result as every layer sees it.
  func makeState(memory: Tensor, tokens: IndexTensor?, capacity: Int) -> DecoderState {
    let mask = AttentionMask.padding(tokens)
    return DecoderState(
      rows: memory.shape[0], capacity: capacity, layers: count, width: memory.shape[2],
      memories: map { $0.crossAttention.memory(of: memory, mask: mask) })
  }

  /// New positions through all layers.
  func decode(_ x: Tensor, state: DecoderState) -> Tensor {
    indices.reduce(x) { self[$1]($0, cache: state.caches[$1], memory: state.memories[$1]) }
  }
}

/// What is impossible about the sizes of an encoder–decoder, one sentence each.
func sizeProblems(
  sizes: [(String, Int)], stacks: [(String, StackConfiguration)], width: Int, vocabularySize: Int,
  tokens: [(String, Int32)], dropout: Float
) -> [String] {
  var problems: [String] = []
  let parts = stacks.flatMap { name, stack in
    [("\(name).layers", stack.layers), ("\(name).heads", stack.heads), ("\(name).hidden", stack.hidden)]
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
