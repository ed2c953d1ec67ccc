// The state dictionary: a module's tensors by name, for saving and loading. Read next: ApusWeights/Safetensors/Safetensors.swift.

public import ApusTensor

/// Named tensors, in order.
public struct StateDictionary: Sendable {
  /// The names and tensors, in order.
  public private(set) var entries: [(name: String, tensor: Tensor)] = []
  private var positions: [String: Int] = [:]

  public init(_ entries: [(name: String, tensor: Tensor)] = []) {
    for (name, tensor) in entries { self[name] = tensor }
  }

  /// The tensor of that name; nil if there is none.
  public subscript(name: String) -> Tensor? {
    get { positions[name].map { entries[$0].tensor } }
    set {
      if let newValue {
        if let position = positions[name] {
          entries[position].tensor = newValue
        } else {
          positions[name] = entries.count
          entries.append((name, newValue))
        }
      } else if let position = positions.removeValue(forKey: name) {
        entries.remove(at: position)
        for (name, other) in positions where other > position { positions[name] = other - 1 }
      }
    }
  }

  /// The names, in order.
  public var names: [String] { entries.map(\.name) }
}

/// The mismatches between a state dictionary and a module, all at once.
public struct StateDictionaryError: Error, CustomStringConvertible, Sendable {
  /// Names that the module has and the dictionary lacks.
  public var missing: [String] = []
  /// Names that the dictionary has and the module lacks.
  public var unexpected: [String] = []
  /// Names that both have, with different shapes.
  public var misshapen: [(name: String, expected: Shape, found: Shape)] = []

  var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshapen.isEmpty }

  public var description: String {
    var lines: [String] = []
    if !missing.isEmpty { lines.append("missing: " + missing.joined(separator: ", ")) }
    if !unexpected.isEmpty { lines.append("unexpected: " + unexpected.joined(separator: ", ")) }
    lines += misshapen.map { "\($0.name): expected shape \($0.expected), found \($0.found)" }
    return "the tensors do not fit the module: " + lines.joined(separator: "; ")
  }
}

extension Module {
  /// All parameters and buffers by property path.
  public var stateDictionary: StateDictionary {
    let walk = ModuleWalk(self)
    return StateDictionary(
      walk.parameters.map { ($0.name, $0.variable.value.detached) } + walk.buffers.map { ($0.name, $0.buffer.value) })
  }

  /// Sets all parameters and buffers from a dictionary.
  ///
  /// - Parameters:
  ///   - state: the tensors by property path.
  ///   - strict: whether names that the module does not have are an error; missing and misshapen tensors always are.
  /// - Throws: everything that does not fit, at once; then nothing was changed.
  public func load(_ state: StateDictionary, strict: Bool = true) throws(StateDictionaryError) {
    let walk = ModuleWalk(self)
    var failure = StateDictionaryError()
    var known: Set<String> = []
    func check(_ name: String, _ shape: Shape) {
      known.insert(name)
      guard let found = state[name] else {
        failure.missing.append(name)
        return
      }
      if found.shape != shape { failure.misshapen.append((name, shape, found.shape)) }
    }
    for (name, variable) in walk.parameters { check(name, variable.value.shape) }
    for (name, buffer) in walk.buffers { check(name, buffer.value.shape) }
    if strict { failure.unexpected = state.names.filter { !known.contains($0) } }
    guard failure.isEmpty else { throw failure }
    for (name, variable) in walk.parameters { if let tensor = state[name] { variable.value = tensor } }
    for (name, buffer) in walk.buffers { if let tensor = state[name] { buffer.value = tensor } }
  }
}
