// Named tensors for a forward call, and checking them: what is missing, misshapen, out of range or unknown.
// Read next: PublishedModel.swift.

public import ApusFiles
public import ApusTensor
import ApusWeights
public import Foundation

/// The arguments of a forward call, under the names that Hugging Face's models give them.
public struct ModelInputs: Sendable {
  /// One argument: numbers, or whole numbers.
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

  /// Where they come from, for messages.
  public var source: String
  /// The arguments by name.
  public var values: [String: Value]

  /// Arguments by name.
  public init(_ values: [String: Value] = [:], source: String = "inputs") {
    (self.values, self.source) = (values, source)
  }

  /// The tensors of a safetensors file: integers and truth values as indices, everything else as floats.
  ///
  /// - Throws: the file is unsound, or has numbers beyond 32 bits.
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

  /// The name of the gradient that comes from above, of the first output; `cotangent.NAME` is another output's.
  static let cotangentName = "cotangent"

  /// Whether any cotangent is given.
  public var hasCotangents: Bool { !cotangents.isEmpty }

  /// The cotangents: of which output (nil: the first), and the value.
  var cotangents: [(output: String?, value: Value)] {
    let prefix = ModelInputs.cotangentName + "."
    return values.sorted { $0.key < $1.key }.compactMap { name, value in
      if name == ModelInputs.cotangentName { return (nil, value) }
      return name.hasPrefix(prefix) ? (String(name.dropFirst(prefix.count)), value) : nil
    }
  }
}

/// What a model takes from its inputs, argument by argument; all problems are gathered, and thrown by `check`.
///
/// Sizes that must agree have names: the first tensor that has one sets it.
///
/// ```swift
/// let ids = inputs.indices("input_ids", ["batch", .named("length", atMost: 512)], below: vocabularySize)
/// let mask = inputs.optionalIndices("attention_mask", ["batch", "length"], below: 2)
/// try inputs.check()
/// ```
public final class InputReader {
  /// What is asked of an axis.
  public enum Axis: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
    /// Exactly this size.
    case size(Int)
    /// At least 1, and the same wherever the name comes.
    case named(String, atMost: Int = .max)

    public init(stringLiteral name: String) { self = .named(name) }
    public init(integerLiteral size: Int) { self = .size(size) }
  }

  /// The arguments.
  public let inputs: ModelInputs
  /// What gradients go on to, by name.
  private(set) var variables: [(name: String, variable: Variable)] = []
  private var sizes: [String: Int] = [:]
  private var asked: [String] = []
  private var problems: [FileFormatError.Problem] = []

  /// A reader of these arguments, which has not asked for any yet.
  public init(_ inputs: ModelInputs) { self.inputs = inputs }

  /// Whether the argument is given.
  public func has(_ name: String) -> Bool {
    if !asked.contains(name) { asked.append(name) }
    return inputs.values[name] != nil
  }

  /// Whole numbers from 0 to `bound` − 1, or `exception`.
  public func indices(_ name: String, _ axes: [Axis], below bound: Int, except exception: Int32? = nil) -> IndexTensor {
    if let given = optionalIndices(name, axes, below: bound, except: exception) { return given }
    if inputs.values[name] == nil { note(name, expected: "whole numbers of shape \(text(axes))", found: "nothing") }
    return IndexTensor([], shape: Shape([0] + Array(repeating: 0, count: max(0, axes.count - 1))))
  }

  /// The same for an argument that may be absent.
  public func optionalIndices(
    _ name: String, _ axes: [Axis], below bound: Int, except exception: Int32? = nil
  ) -> IndexTensor? {
    guard has(name), let value = inputs.values[name] else { return nil }
    let indices: IndexTensor
    switch value {
    case .indices(let given): indices = given
    case .tensor(let tensor):
      // Masks are floats in some files.
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

  /// Numbers.
  ///
  /// - Parameter isDifferentiated: whether they are another layer's result rather than data, so that gradients go on to them.
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

  /// The same for an argument that may be absent; whole numbers count as numbers.
  public func optionalTensor(_ name: String, _ axes: [Axis]) -> Tensor? {
    guard has(name), let value = inputs.values[name] else { return nil }
    guard agrees(name, value.shape, axes) else { return nil }
    switch value {
    case .tensor(let tensor): return tensor
    case .indices(let indices): return Tensor(indices.indices.map { Float($0) }, shape: indices.shape)
    }
  }

  /// Notes that something about an argument is wrong.
  public func note(_ name: String, expected: String, found: String) {
    problems.append(.init(place: .key(name), expected: expected, found: found))
  }

  /// Throws everything that is wrong, arguments that nobody asked for included.
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
