// The table of a family: the names of tensors in published files, and the properties that hold them here.
// Read next: WeightLoading.swift, which applies it; ApusLanguage/BERT/BERT+Checkpoint.swift for a table.

public import ApusTensor

/// How the tensors of published files become the parameters and buffers of a module.
///
/// A row pairs a published name with a property path. In both, `#` stands for the index of a layer and `*` for `weight` or
/// `bias`, so that one row covers all layers, with and without biases:
///
/// ```swift
/// ("h.#.ln_1.*", "blocks.#.norm1.*", .same),
/// ("h.#.attn.c_attn.*", "blocks.#.attention.projection.*", .transposed),
/// ```
public struct TensorNames: Sendable {
  /// The form in which a file stores a tensor of the module.
  public enum Form: Sendable, Equatable {
    /// The same elements in the same shape.
    case same
    /// A matrix stored as [in, out]; vectors are unchanged.
    case transposed
    /// One of several equal parts of the first axis, such as the queries, keys and values of a fused projection.
    case part(Int, of: Int)
    /// Some rows.
    case rows(Range<Int>)
    /// The same elements in this other shape.
    case shaped(Shape)
  }

  /// The published name, the property path, and the form in the file.
  public typealias Row = (theirs: String, ours: String, form: Form)

  /// The rows of the table.
  public var rows: [Row]
  /// A prefix that published names may have: models with a head contain the model without one under this name.
  public var prefix: String
  /// The rows of the head, whose names never have the prefix.
  public var headRows: [Row] = []
  /// Other published names of tied weights, of which a file may contain all or any one.
  public var aliases: [(theirs: String, other: String)]
  /// Beginnings and endings of names that are ignored: saved masks and counters, and tensors of other heads.
  public var ignored: [String]
  /// Parts of names in older files, with their current spelling.
  public var respelled: [(old: String, new: String)]
  /// Property paths that are zero if the file has no tensor for them.
  public var optional: Set<String>

  /// - Parameters:
  ///   - rows: the rows of the table.
  ///   - prefix: a prefix that published names may have, with its dot.
  ///   - aliases: other published names of tied weights.
  ///   - ignored: an ending, which begins with a dot (`.attn.bias`), a beginning, which ends with a dot (`cls.`), or a whole name.
  ///   - respelled: parts of names in older files, with their current spelling.
  ///   - optional: property paths that are zero if the file has no tensor for them.
  public init(
    _ rows: [Row], prefix: String = "", aliases: [(theirs: String, other: String)] = [], ignored: [String] = [],
    respelled: [(old: String, new: String)] = [], optional: Set<String> = []
  ) {
    (self.rows, self.prefix, self.aliases) = (rows, prefix, aliases)
    (self.ignored, self.respelled, self.optional) = (ignored, respelled, optional)
  }

  /// The table of a module that contains the module of this table in a property, with rows for its head.
  public func nested(in property: String, head: [Row] = []) -> TensorNames {
    var result = self
    result.rows = rows.map { ($0.theirs, "\(property).\($0.ours)", $0.form) }
    result.headRows = headRows.map { ($0.theirs, "\(property).\($0.ours)", $0.form) } + head
    result.optional = Set(optional.map { "\(property).\($0)" })
    return result
  }

  /// A name in a file as the table spells it: without the prefix, in the current spelling.
  func canonical(_ name: String) -> String {
    var result = name
    for (old, new) in respelled {
      guard let place = result.firstRange(of: old) else { continue }
      result.replaceSubrange(place, with: new)
    }
    return !prefix.isEmpty && result.hasPrefix(prefix) ? String(result.dropFirst(prefix.count)) : result
  }

  /// Whether a canonical name is ignored.
  func isIgnored(_ name: String) -> Bool {
    ignored.contains { mark in
      name == mark || (mark.hasPrefix(".") && name.hasSuffix(mark)) || (mark.hasSuffix(".") && name.hasPrefix(mark))
    }
  }

  /// The published names for a property path, without and with the prefix, and the form of each.
  func sources(for path: String) -> [(name: String, fullName: String, form: Form)] {
    func found(_ rows: [Row], _ prefix: String) -> [(name: String, fullName: String, form: Form)] {
      rows.compactMap { row in
        TensorNames.match(path, row.ours).map { parts in
          let name = TensorNames.fill(row.theirs, with: parts)
          return (name, prefix + name, row.form)
        }
      }
    }
    return found(rows, prefix) + found(headRows, "")
  }

  /// The values of the placeholders of a pattern in `path`; nil if the path does not match.
  private static func match(_ path: String, _ pattern: String) -> [Substring]? {
    let (parts, marks) = (path.split(separator: "."), pattern.split(separator: "."))
    guard parts.count == marks.count else { return nil }
    var found: [Substring] = []
    for (part, mark) in zip(parts, marks) {
      switch mark {
      case "#":
        guard part.allSatisfy(\.isNumber) else { return nil }
        found.append(part)
      case "*":
        guard part == "weight" || part == "bias" else { return nil }
        found.append(part)
      default:
        guard part == mark else { return nil }
      }
    }
    return found
  }

  private static func fill(_ pattern: String, with parts: [Substring]) -> String {
    var rest = parts[...]
    return pattern.split(separator: ".").map { mark in
      mark == "#" || mark == "*" ? rest.popFirst() ?? mark : mark
    }.joined(separator: ".")
  }
}
