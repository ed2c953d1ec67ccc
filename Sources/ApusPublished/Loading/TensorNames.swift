// The visible table of a family: what published files call a tensor, and which property holds it here.
// Read next: WeightLoading.swift, which applies it; BERT/BERT+Checkpoint.swift for a table.

public import ApusTensor

/// How the tensors of published files become the parameters and buffers of a module.
///
/// A row pairs their name with a property path. In both, `#` stands for the number of a layer and `*` for `weight` or
/// `bias`, so one row covers all layers, and a layer without a bias needs no row of its own:
///
/// ```swift
/// ("h.#.ln_1.*", "blocks.#.norm1.*", .same),
/// ("h.#.attn.c_attn.*", "blocks.#.attention.projection.*", .transposed),
/// ```
public struct TensorNames: Sendable {
  /// What stands in the file for one of our tensors.
  public enum Form: Sendable, Equatable {
    /// The same elements in the same shape.
    case same
    /// A matrix stored as [in, out]; vectors are the same.
    case transposed
    /// One of several of equal size that lie above each other in ours: queries, keys and values of one projection.
    case part(Int, of: Int)
    /// These rows of ours.
    case rows(Range<Int>)
    /// The same elements in another shape, this one.
    case shaped(Shape)
  }

  /// Their name, ours, and the form.
  public typealias Row = (theirs: String, ours: String, form: Form)

  /// The table.
  public var rows: [Row]
  /// What may stand before their names: models with a head keep the model without one under a name of its own.
  public var prefix: String
  /// More rows, whose names never have the prefix: the head's.
  public var headRows: [Row] = []
  /// Other names for one of theirs: of weights that are tied, a file holds all or any one.
  public var aliases: [(theirs: String, other: String)]
  /// Beginnings and endings of names that say nothing new: masks and counters that were saved, other heads' tensors.
  public var ignored: [String]
  /// Parts of names that older files spell differently, with what they are now.
  public var respelled: [(old: String, new: String)]
  /// Property paths that are zero where the file has nothing for them.
  public var optional: Set<String>

  /// - Parameters:
  ///   - prefix: what may stand before their names, with its dot.
  ///   - aliases: other names of tied weights.
  ///   - ignored: `.attn.bias` for an ending, `cls.` (with a dot behind) for a beginning, anything else for a whole name.
  ///   - respelled: old parts of names with the new ones.
  ///   - optional: properties that the file need not have.
  public init(
    _ rows: [Row], prefix: String = "", aliases: [(theirs: String, other: String)] = [], ignored: [String] = [],
    respelled: [(old: String, new: String)] = [], optional: Set<String> = []
  ) {
    (self.rows, self.prefix, self.aliases) = (rows, prefix, aliases)
    (self.ignored, self.respelled, self.optional) = (ignored, respelled, optional)
  }

  /// This table for a module that holds the one it was made for in a property, with rows for the rest of it, the head.
  public func nested(in property: String, head: [Row] = []) -> TensorNames {
    var result = self
    result.rows = rows.map { ($0.theirs, "\(property).\($0.ours)", $0.form) }
    result.headRows = headRows.map { ($0.theirs, "\(property).\($0.ours)", $0.form) } + head
    result.optional = Set(optional.map { "\(property).\($0)" })
    return result
  }

  /// A name of a file as the table has it: without the prefix, in the new spelling.
  func canonical(_ name: String) -> String {
    var result = name
    for (old, new) in respelled {
      guard let place = result.firstRange(of: old) else { continue }
      result.replaceSubrange(place, with: new)
    }
    return !prefix.isEmpty && result.hasPrefix(prefix) ? String(result.dropFirst(prefix.count)) : result
  }

  /// Whether a (canonical) name says nothing that is needed.
  func isIgnored(_ name: String) -> Bool {
    ignored.contains { mark in
      name == mark || (mark.hasPrefix(".") && name.hasSuffix(mark)) || (mark.hasSuffix(".") && name.hasPrefix(mark))
    }
  }

  /// Their names for the property path, without and with the prefix, and the form of each.
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

  /// What the placeholders of a pattern stand for in `path`; nil if it does not match.
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
