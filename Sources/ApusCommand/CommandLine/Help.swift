// The help of the tool, of a group of verbs and of a verb, made from the same declarations that are parsed.
// Read first: Declarations.swift, Tool.swift.

extension Tool {
  /// What the tool does, and its verbs.
  func help() -> String {
    let lines = [
      "\(name) \(version) — \(summary)", "",
      "Usage: \(name) VERB [arguments] [options]", "",
      table(verbs.map { ($0.name, $0.summary) }), "",
      "'\(name) VERB --help' lists a verb's options.",
    ]
    return lines.joined(separator: "\n")
  }

  /// The verbs that share a first word.
  func help(forGroup group: String) -> String {
    let title = groups[group].map { "\(name) \(group) — \($0)" } ?? "\(name) \(group)"
    let rows = verbs(ofGroup: group).map { ($0.name, $0.summary) }
    return "\(title)\n\n\(table(rows))\n\n'\(name) \(group) … --help' lists the options."
  }

  /// A verb's summary, arguments and options.
  func help(for verb: any Verb) -> String {
    let type = type(of: verb)
    let positionals = verb.arguments.filter { $0.kind != .option && $0.kind != .flag }
    let options = verb.arguments.filter { $0.kind == .option || $0.kind == .flag }
    let usage = positionals.map { $0.kind == .positional(isRequired: true) ? $0.name : "[\($0.usage)]" }
    var sections = [
      wrapped("\(name) \(type.name) — \(type.summary)", indent: 0),
      "Usage: " + ([name, type.name] + usage + ["[options]"]).joined(separator: " "),
    ]
    // One table, so that both parts have the same columns.
    let rows = (positionals + options).map { ($0.usage, text(of: $0)) } + [("--help", "print this help")]
    let lines = table(rows)
    if positionals.isEmpty {
      sections.append("Options:\n" + lines)
    } else {
      sections.append("Arguments and options:\n" + lines)
    }
    if !type.details.isEmpty {
      sections += type.details.split(separator: "\n\n").map { wrapped(String($0), indent: 0) }
    }
    return sections.joined(separator: "\n\n")
  }

  private func text(of argument: any DeclaredArgument) -> String {
    argument.shownDefault.map { "\(argument.help) (default: \($0))" } ?? argument.help
  }

  /// Two columns; the second is wrapped. Where it would be narrow, it begins below the first.
  private func table(_ rows: [(name: String, text: String)]) -> String {
    let column = (rows.map(\.name.count).max() ?? 0) + 4
    let isNarrow = column > helpWidth / 2
    let indent = isNarrow ? 6 : column
    return rows.map { row in
      let start =
        isNarrow ? "  \(row.name)\n".padded(to: row.name.count + 3 + indent) : "  \(row.name)".padded(to: column)
      return start + wrapped(row.text, indent: indent)
    }.joined(separator: "\n")
  }

  /// Breaks a text between words; lines after the first are indented.
  private func wrapped(_ text: String, indent: Int) -> String {
    var lines = [""]
    for word in text.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
      let length = lines[lines.count - 1].count
      if length > 0, indent + length + 1 + word.count > helpWidth {
        lines.append(String(word))
      } else {
        lines[lines.count - 1] += (length > 0 ? " " : "") + word
      }
    }
    return lines.joined(separator: "\n" + String(repeating: " ", count: indent))
  }
}

extension String {
  /// Followed by spaces up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  /// Preceded by spaces up to a width.
  func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
