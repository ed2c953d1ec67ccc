// The one walk through a module's properties, by reflection. Read first: Module.swift.

import ApusBase
import ApusTensor

/// The parameters, buffers and modules inside a module, by property path.
///
/// Reflection takes a few microseconds per property, so callers walk once and keep the result.
struct ModuleWalk {
  enum Leaf {
    case parameter(Variable)
    case buffer(BufferBox)
    case absent
  }

  private(set) var parameters: [(name: String, variable: Variable)] = []
  private(set) var buffers: [(name: String, buffer: BufferBox)] = []
  /// The module itself and all modules inside it.
  private(set) var modules: [any Module] = []
  private var seen: Set<ObjectIdentifier> = []

  init(_ module: any Module) {
    // A reference from a part back to the whole is not visited again.
    seen.insert(ObjectIdentifier(module))
    visit(module, path: "")
  }

  private mutating func visit(_ module: any Module, path: String) {
    modules.append(module)
    for (label, value) in ModuleWalk.properties(of: module) {
      let name = path.isEmpty ? label : path + "." + label
      visit(value: value, path: name)
    }
  }

  private mutating func visit(value: Any, path: String) {
    switch ModuleWalk.kind(of: value) {
    case .leaf(.parameter(let variable)):
      if seen.insert(ObjectIdentifier(variable)).inserted { parameters.append((path, variable)) }
    case .leaf(.buffer(let buffer)):
      if seen.insert(ObjectIdentifier(buffer)).inserted { buffers.append((path, buffer)) }
    case .module(let module):
      if seen.insert(ObjectIdentifier(module)).inserted { visit(module, path: path) }
    case .elements(let elements):
      for (index, element) in elements.enumerated() { visit(value: element, path: "\(path).\(index)") }
    case .leaf(.absent), .other:
      break
    case .misuse(let what):
      requirementFailure("Module: property \(path) is \(what)")
    }
  }

  enum Kind {
    case leaf(Leaf)
    case module(any Module)
    case elements([Any])
    case misuse(String)
    case other
  }

  /// The kind of a property, looking through optionals and existentials.
  static func kind(of value: Any) -> Kind {
    if let leaf = value as? any ModuleLeaf { return .leaf(leaf.leaf) }
    if let module = value as? any Module { return .module(module) }
    // (Any empty array can be cast to an array of tensors.)
    if value is Tensor || (value as? [Tensor])?.isEmpty == false {
      return .misuse("a bare Tensor, which is neither trained nor saved (mark it @Parameter or @Buffer)")
    }
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      return mirror.children.first.map { kind(of: $0.value) } ?? .other
    case .collection:
      let elements = mirror.children.map(\.value)
      return elements.contains { isRelevant($0) } ? .elements(elements) : .other
    case .dictionary, .set, .tuple:
      // The children of a dictionary are tuples of key and value.
      let hasModule = mirror.children.contains { isRelevant($0.value) }
      return hasModule ? .misuse("a dictionary, set or tuple of modules, which have no names (use an array)") : .other
    default:
      return .other
    }
  }

  private static func isRelevant(_ value: Any) -> Bool {
    if case .other = kind(of: value) { false } else { true }
  }

  /// The stored properties of a module and its superclasses, in order of declaration, without the underscores of property
  /// wrappers.
  static func properties(of module: any Module) -> [(label: String, value: Any)] {
    var mirrors: [Mirror] = []
    var next: Mirror? = Mirror(reflecting: module)
    while let mirror = next {
      mirrors.append(mirror)
      next = mirror.superclassMirror
    }
    return mirrors.reversed().flatMap { mirror in
      mirror.children.compactMap { child in
        guard let label = child.label else { return nil }
        return (label.hasPrefix("_") ? String(label.dropFirst()) : label, child.value)
      }
    }
  }
}
