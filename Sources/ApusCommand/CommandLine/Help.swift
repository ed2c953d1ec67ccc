// The help of the tool, of a group of verbs and of a single verb, generated from the declarations that are parsed.
// Read first: Declarations.swift, Tool.swift.

extension Tool {
  /// The help of the tool: its summary and a table of its verbs.
  func help() -> String {
    let lines = [
      "\(name) \(version) — \(summary)", "",
      "Usage: \(name) COMMAND [arguments] [options]", "",
      table(verbs.map { ($0.name, $0.summary) }), "",
      "Run '\(name) COMMAND --help' for help on a command.\nRun '\(name) --version' to print the version.",
    ]
    return lines.joined(separator: "\n")
  }

  /// The help of a group: a table of the verbs that share a first word.
  func help(forGroup group: String) -> String {
    let title = groups[group].map { "\(name) \(group) — \($0)" } ?? "\(name) \(group)"
    let rows = verbs(ofGroup: group).map { ($0.name, $0.summary) }
    let usage = "Usage: \(name) \(group) COMMAND [arguments] [options]"
    return "\(title)\n\n\(usage)\n\n\(table(rows))\n\nRun '\(name) \(group) COMMAND --help' for help on a command."
  }

  /// The help of a verb: its summary, usage, arguments, options and details.
  func help(for verb: any Verb) -> String {
    let type = type(of: verb)
    let positionals = verb.arguments.filter { $0.kind != .option && $0.kind != .flag }
    let options = verb.arguments.filter { $0.kind == .option || $0.kind == .flag }
    let usage = positionals.map { $0.kind == .positional(isRequired: true) ? $0.name : "[\($0.usage)]" }
    var sections = [
      wrapped("\(name) \(type.name) — \(type.summary)", indent: 0),
      "Usage: " + ([name, type.name] + usage + ["[options]"]).joined(separator: " "),
    ]
    // A single table keeps the columns of arguments and options aligned.
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

  /// A table with two columns, of which the second is wrapped. If the second column would be narrow, its text begins on
  /// the line below the name.
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

  /// Wraps text between words, and indents all lines but the first.
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
  /// The string padded with trailing spaces to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }

  /// The string padded with leading spaces to a width.
  func leftPadded(to width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
