// Loading published tensors into a module by its family's table, with all mismatches reported at once.
// Read first: TensorNames.swift. Read next: LoadedModel.swift.

import ApusBase
public import ApusFiles
public import ApusNN
public import ApusTensor
public import ApusWeights

/// The place of one published tensor in a module.
struct TensorPlace {
  /// The name in the file.
  let theirs: String
  /// The property path.
  let ours: String
  let form: TensorNames.Form
  /// The shape of the module's tensor.
  let shape: Shape

  /// The published form of the module's tensor.
  func published(_ tensor: Tensor) -> Tensor {
    switch form {
    case .same: tensor
    case .transposed: tensor.rank == 2 ? tensor.transposed() : tensor
    case .part(let index, let count):
      tensor.slice(index * tensor.shape[0] / count..<(index + 1) * tensor.shape[0] / count)
    case .rows(let rows): tensor.slice(rows)
    case .shaped(let shape): tensor.reshaped(to: shape)
    }
  }
}

extension Module {
  /// Sets all parameters and buffers from published weights.
  ///
  /// - Parameters:
  ///   - weights: the tensors of the files.
  ///   - names: the family's table, which must cover all parameters.
  /// - Throws: all missing, unexpected and misshapen tensors, by their names in the file; then nothing was changed.
  public func load(_ weights: ModelWeights, names: TensorNames) throws(FileFormatError) {
    _ = try placing(weights, names)
  }

  /// Loads the weights, and returns the place of each tensor of the file.
  func placing(_ weights: ModelWeights, _ names: TensorNames) throws(FileFormatError) -> [TensorPlace] {
    var plan = LoadingPlan(weights, names)
    let slots =
      namedParameters.map { (path: $0.name, shape: $0.variable.value.shape, isBuffer: false) }
      + namedBuffers.map { (path: $0.name, shape: $0.buffer.value.shape, isBuffer: true) }
    for slot in slots { plan.place(slot.path, slot.shape, isBuffer: slot.isBuffer) }
    try plan.check(architecture: "\(type(of: self))")
    let values = try plan.values()
    // Optional tensors that the file does not have are zero; so far they may be placeholders.
    for (name, variable) in namedParameters {
      if let value = values[name] ?? variable.value.zerosForPlaceholder { variable.value = value }
    }
    for (name, buffer) in namedBuffers {
      if let value = values[name] ?? buffer.value.zerosForPlaceholder { buffer.value = value }
    }
    return plan.places
  }
}

extension Module {
  /// All tensors under their published names and in their published form, for saving.
  public func published(under names: TensorNames) -> [(name: String, tensor: Tensor)] {
    stateDictionary.entries.flatMap { path, tensor in
      names.sources(for: path).map { _, fullName, form in
        (fullName, TensorPlace(theirs: fullName, ours: path, form: form, shape: tensor.shape).published(tensor))
      }
    }
  }
}

extension Tensor {
  /// Zeros if this is a placeholder, otherwise nil.
  fileprivate var zerosForPlaceholder: Tensor? { isPlaceholder ? .zeros(shape) : nil }
}

/// The assignment of a file's tensors to a module's properties.
private struct LoadingPlan {
  let weights: ModelWeights
  let names: TensorNames
  private(set) var places: [TensorPlace] = []
  private var problems = ProblemList()
  /// The names in the file, by their names in the table.
  private var found: [String: String] = [:]
  private var used: Set<String> = []
  /// Whether names in the file have the prefix.
  private let hasPrefixes: Bool

  init(_ weights: ModelWeights, _ names: TensorNames) {
    (self.weights, self.names) = (weights, names)
    hasPrefixes = weights.entries.contains { $0.name.hasPrefix(names.prefix) }
    for entry in weights.entries {
      let canonical = names.canonical(entry.name)
      if let other = found.updateValue(entry.name, forKey: canonical) {
        note(entry.name, expected: "one tensor of this meaning", found: "\(other) besides it")
      }
    }
  }

  private mutating func note(_ name: String, expected: String, found: String) {
    problems.add(.key("tensor \"\(name)\""), expected: expected, found: found)
  }

  /// The name in the file for a name in the table, or for a tensor that is tied to it.
  private func fileName(_ name: String) -> String? {
    if let direct = found[name] { return direct }
    return names.aliases.lazy.filter { $0.theirs == name }.compactMap { found[names.canonical($0.other)] }.first
  }

  mutating func place(_ path: String, _ shape: Shape, isBuffer: Bool) {
    let sources = names.sources(for: path)
    if sources.isEmpty {
      // A buffer without a row is computed by the module.
      require(isBuffer, "TensorNames: no row for \(path)")
      return
    }
    if names.optional.contains(path), sources.allSatisfy({ fileName($0.name) == nil }) { return }
    for (name, fullName, form) in sources {
      let theirs = publishedShape(shape, form)
      guard let fileName = fileName(name), let entry = weights.entry(named: fileName) else {
        note(hasPrefixes ? fullName : name, expected: "shape \(theirs)", found: "nothing")
        continue
      }
      used.insert(fileName)
      guard Shape(entry.shape) == theirs else {
        note(fileName, expected: "shape \(theirs)", found: "\(Shape(entry.shape))")
        continue
      }
      places.append(TensorPlace(theirs: fileName, ours: path, form: form, shape: shape))
    }
  }

  private func publishedShape(_ shape: Shape, _ form: TensorNames.Form) -> Shape {
    var result = shape
    switch form {
    case .same: break
    case .transposed: if shape.rank == 2 { result = [shape[1], shape[0]] }
    case .part(_, let count): result[0] /= count
    case .rows(let rows): result[0] = rows.count
    case .shaped(let other): result = other
    }
    return result
  }

  mutating func check(architecture: String) throws(FileFormatError) {
    let tied = Set(names.aliases.flatMap { [$0.theirs, names.canonical($0.other)] })
    for entry in weights.entries where !used.contains(entry.name) {
      let name = names.canonical(entry.name)
      // Tied tensors under another name are redundant, and so are buffers that are computed.
      if names.isIgnored(name) || tied.contains(name) { continue }
      note(entry.name, expected: "a tensor of \(architecture)", found: "one more, of shape \(Shape(entry.shape))")
    }
    try problems.check(path: weights.path)
  }

  /// The module's tensors by property path.
  func values() throws(FileFormatError) -> [String: Tensor] {
    var parts: [(start: Int, tensor: Tensor)] = []
    var result: [String: Tensor] = [:]
    for (index, place) in places.enumerated() {
      let tensor = try weights.tensor(named: place.theirs)
      switch place.form {
      case .same: result[place.ours] = tensor
      case .transposed: result[place.ours] = tensor.rank == 2 ? tensor.transposed() : tensor
      case .shaped: result[place.ours] = tensor.reshaped(to: place.shape)
      case .part(let index, _): parts.append((index, tensor))
      case .rows(let rows): parts.append((rows.lowerBound, tensor))
      }
      // The parts of one tensor follow each other. They are concatenated immediately, so that their memory can be reused.
      if !parts.isEmpty, index + 1 == places.count || places[index + 1].ours != place.ours {
        result[place.ours] = concatenated(parts.sorted { $0.start < $1.start }.map(\.tensor), along: 0)
        parts = []
      }
    }
    return result
  }
}
