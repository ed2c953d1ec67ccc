// print(model): the tree of modules with shapes and counts.

import ApusTensor

extension Module {
  /// The module as a tree of types and parameters, with shapes and parameter counts.
  ///
  /// A reference back to an enclosing module is named, but not expanded again.
  public var description: String {
    ([heading(self, name: nil)] + lines(of: self, indent: "  ", inside: [])).joined(separator: "\n")
  }

  private func heading(_ module: any Module, name: String?) -> String {
    let prefix = name.map { "\($0): " } ?? ""
    return "\(prefix)\(type(of: module)) (\(grouped(module.parameterCount)) parameters)"
  }

  private func lines(
    of module: any Module, indent: String, inside outer: Set<ObjectIdentifier>
  ) -> [String] {
    let path = outer.union([ObjectIdentifier(module)])
    return ModuleWalk.properties(of: module).flatMap {
      lines(of: $0.value, name: $0.label, indent: indent, inside: path)
    }
  }

  /// - Parameter path: the enclosing modules.
  private func lines(of value: Any, name: String, indent: String, inside path: Set<ObjectIdentifier>) -> [String] {
    switch ModuleWalk.kind(of: value) {
    case .leaf(.parameter(let variable)): return ["\(indent)\(name): \(variable.value.shape)"]
    case .leaf(.buffer(let buffer)): return ["\(indent)\(name): \(buffer.value.shape) (buffer)"]
    case .module(let module):
      if path.contains(ObjectIdentifier(module)) {
        return ["\(indent)\(name): \(type(of: module)) (refers back to the one above)"]
      }
      return [indent + heading(module, name: name)] + lines(of: module, indent: indent + "  ", inside: path)
    case .elements(let elements):
      return elements.enumerated().flatMap {
        lines(of: $1, name: "\(name).\($0)", indent: indent, inside: path)
      }
    case .leaf(.absent), .misuse, .other: return []
    }
  }
}

/// 1234567 as "1,234,567".
func grouped(_ number: Int) -> String {
  var digits = Array(String(number.magnitude))
  var position = digits.count - 3
  while position > 0 {
    digits.insert(",", at: position)
    position -= 3
  }
  return (number < 0 ? "-" : "") + String(digits)
}
