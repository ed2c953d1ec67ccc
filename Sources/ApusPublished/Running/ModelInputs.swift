// Named inputs of a forward pass, and checks for missing, misshapen, invalid or unknown ones.
// Read next: PublishedModel.swift.

public import ApusFiles
public import ApusNN
public import ApusTensor
import ApusWeights
public import Foundation

/// The arguments of a forward pass, under the names that Hugging Face's models give them.
public struct ModelInputs: Sendable {
  /// One argument: floats or integers.
  public enum Value: Sendable {
    case tensor(Tensor)
    case indices(IndexTensor)

    var shape: Shape {
      switch self {
      case .tensor(let tensor): tensor.shape
      case .indices(let indices): indices.shape
      }
    }
  }

  /// The origin of the arguments, for error messages.
  public var source: String
  /// The arguments by name.
  public var values: [String: Value]
  /// Whether the outputs include the attention weights of all blocks, `attentions.0`, `attentions.1`, …, each [batch, heads,
  /// queries, keys]. They are computed only for this purpose.
  public var wantsAttentions = false

  /// - Parameters:
  ///   - values: the arguments by name.
  ///   - source: the origin of the arguments, for error messages.
  public init(_ values: [String: Value] = [:], source: String = "inputs") {
    (self.values, self.source) = (values, source)
  }

  /// Reads the tensors of a safetensors file: integers and booleans as indices, everything else as floats.
  ///
  /// - Throws: the file is invalid, or has integers beyond 32 bits.
  public init(contentsOf url: URL) throws(FileFormatError) {
    let file = try SafetensorsFile(contentsOf: url)
    source = file.path
    values = [:]
    for entry in file.entries {
      if entry.type.isInteger {
        values[entry.name] = .indices(try file.indices(named: entry.name))
      } else {
        values[entry.name] = .tensor(try file.tensor(named: entry.name))
      }
    }
  }

  /// The name of the cotangent of the first output; that of another output is `cotangent.NAME`.
  static let cotangentName = "cotangent"

  /// Whether there are any cotangents.
  public var hasCotangents: Bool { !cotangents.isEmpty }

  /// The cotangents, each with the name of its output; nil: the first output.
  var cotangents: [(output: String?, value: Value)] {
    let prefix = ModelInputs.cotangentName + "."
    return values.sorted { $0.key < $1.key }.compactMap { name, value in
      if name == ModelInputs.cotangentName { return (nil, value) }
      return name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), value) : nil
    }
  }
}

/// Reads the arguments of a forward pass one by one; problems are collected, and thrown all at once by `check`.
///
/// Axes that must have equal sizes share a name; the first tensor with the name determines the size.
///
/// ```swift
/// let ids = inputs.indices("input_ids", ["batch", .named("length", atMost: 512)], below: vocabularySize)
/// let mask = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
/// try inputs.check()
/// ```
public final class InputReader {
  /// The requirement on the size of an axis.
  public enum Axis: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// Exactly this size.
    case size(Int)
    /// At least 1, and the same for all axes of this name.
    case named(String, atMost: Int = .max)

    public init(stringLiteral name: String) { self = .named(name) }
    public init(integerLiteral size: Int) { self = .size(size) }
  }

  /// The arguments.
  public let inputs: ModelInputs
  /// The inputs that receive gradients, by name.
  private(set) var variables: [(name: String, variable: Variable)] = []
  private var sizes: [String: Int] = [:]
  private var asked: [String] = []
  private var problems: [FileFormatError.Problem] = []

  /// Creates a reader of these arguments.
  public init(_ inputs: ModelInputs) { self.inputs = inputs }

  /// A new record of hidden states, and of attention weights if they are wanted.
  public func record() -> ForwardRecord { ForwardRecord(keepsAttentionWeights: inputs.wantsAttentions) }

  /// Whether there is an argument of this name.
  public func has(_ name: String) -> Bool {
    if !asked.contains(name) { asked.append(name) }
    return inputs.values[name] != nil
  }

  /// Reads integers from 0 to `bound` − 1, or `exception`.
  public func indices(_ name: String, _ axes: [Axis], below bound: Int, except exception: Int32? = nil) -> IndexTensor {
    if let given = optionalIndices(name, axes, below: bound, except: exception) { return given }
    if inputs.values[name] == nil { note(name, expected: "whole numbers of shape \(text(axes))", found: "nothing") }
    return IndexTensor([], shape: Shape([0] + Array(repeating: 0, count: max(0, axes.count - 1))))
  }

  /// Reads integers that may be absent.
  public func optionalIndices(
    _ name: String, _ axes: [Axis], below bound: Int, except exception: Int32? = nil
  ) -> IndexTensor? {
    guard has(name), let value = inputs.values[name] else { return nil }
    let indices: IndexTensor
    switch value {
    case .indices(let given): indices = given
    case .tensor(let tensor):
      // In some files, masks are floats.
      let whole = tensor.scalars.map { Int32(exactly: $0) }
      guard whole.allSatisfy({ $0 != nil }) else {
        note(name, expected: "whole numbers", found: "floats")
        return nil
      }
      indices = IndexTensor(whole.compactMap { $0 }, shape: tensor.shape)
    }
    guard agrees(name, indices.shape, axes) else { return nil }
    let wrong = indices.indices.firstIndex { ($0 < 0 || Int($0) >= bound) && $0 != exception }
    if let wrong {
      let other = exception.map { " (or \($0))" } ?? ""
      note(
        "\(name), element \(wrong)", expected: "a number from 0 to \(bound - 1)\(other)",
        found: "\(indices.indices[wrong])")
      return nil
    }
    return indices
  }

  /// Reads numbers.
  ///
  /// - Parameters:
  ///   - name: the name of the argument.
  ///   - axes: the requirements on its shape.
  ///   - isDifferentiated: whether the argument receives a gradient, as the output of another layer may need.
  public func tensor(_ name: String, _ axes: [Axis], isDifferentiated: Bool = false) -> Tensor {
    if let given = optionalTensor(name, axes) {
      guard isDifferentiated else { return given }
      let variable = Variable(given)
      variables.append((name, variable))
      return variable.value
    }
    if inputs.values[name] == nil { note(name, expected: "numbers of shape \(text(axes))", found: "nothing") }
    return Tensor([], shape: [0])
  }

  /// Reads numbers that may be absent; integers are converted.
  public func optionalTensor(_ name: String, _ axes: [Axis]) -> Tensor? {
    guard has(name), let value = inputs.values[name] else { return nil }
    guard agrees(name, value.shape, axes) else { return nil }
    switch value {
    case .tensor(let tensor): return tensor
    case .indices(let indices): return Tensor(indices.indices.map { Float($0) }, shape: indices.shape)
    }
  }

  /// Adds a problem with an argument.
  public func note(_ name: String, expected: String, found: String) {
    problems.append(.init(place: .key(name), expected: expected, found: found))
  }

  /// Throws all problems, including arguments that the model does not take.
  public func check() throws(FileFormatError) {
    let cotangent = ModelInputs.cotangentName
    for name in inputs.values.keys.sorted()
    where !asked.contains(name) && name != cotangent && !name.hasPrefix(cotangent + ".") {
      note(name, expected: "one of \(asked.joined(separator: ", "))", found: "an argument that the model does not take")
    }
    if !problems.isEmpty { throw FileFormatError(path: inputs.source, problems: problems) }
  }

  private func agrees(_ name: String, _ shape: Shape, _ axes: [Axis]) -> Bool {
    var isRight = shape.rank == axes.count
    if isRight {
      for (size, axis) in zip(shape, axes) {
        switch axis {
        case .size(let expected): isRight = isRight && size == expected
        case .named(let label, let limit):
          isRight = isRight && size >= 1 && size <= limit && sizes[label] ?? size == size
        }
      }
    }
    guard isRight else {
      note(name, expected: "shape \(text(axes))", found: "\(shape)")
      return false
    }
    for (size, axis) in zip(shape, axes) { if case .named(let label, _) = axis { sizes[label] = size } }
    return true
  }

  /// [batch 3, length at most 512]
  private func text(_ axes: [Axis]) -> String {
    let parts = axes.map { axis in
      switch axis {
      case .size(let size): "\(size)"
      case .named(let label, let limit):
        sizes[label].map { "\(label) \($0)" } ?? (limit < .max ? "\(label) (at most \(limit))" : label)
      }
    }
    return "[\(parts.joined(separator: ", "))]"
  }
}
