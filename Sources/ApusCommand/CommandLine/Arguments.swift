// Parses the words of a command line into a verb's declarations and collects every problem that it finds.
// Read first: Declarations.swift. Read next: Tool.swift, which selects the verb.

/// A parser for one command line.
struct ArgumentReader {
  private let arguments: [any DeclaredArgument]
  private var remainingPositionals: [any DeclaredArgument]
  private var problems: [String] = []
  private var extraWords: [String] = []

  /// Assigns a value to every declaration, and returns one line for each problem.
  static func read(_ words: [String], into arguments: [any DeclaredArgument]) -> [String] {
    var reader = ArgumentReader(arguments: arguments)
    reader.read(words)
    reader.checkCompleteness()
    return reader.problems
  }

  /// Whether `--help` or `-h` appears before any `--`. If so, all other arguments are ignored.
  static func asksForHelp(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
  }

  private init(arguments: [any DeclaredArgument]) {
    self.arguments = arguments
    remainingPositionals = arguments.filter { $0.kind != .option && $0.kind != .flag }
  }

  private mutating func read(_ words: [String]) {
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        for word in rest { takePositional(word) }
        return
      } else if word.hasPrefix("--") {
        takeOption(word.dropFirst(2), &rest)
      } else if word.hasPrefix("-"), word.count > 1 {
        problems.append("unknown option '\(word)'")
      } else {
        takePositional(word)
      }
    }
  }

  private mutating func takeOption(_ text: Substring, _ rest: inout ArraySlice<String>) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let name = String(parts[0])
    let attached = parts.count == 2 ? String(parts[1]) : nil
    let options = arguments.filter { $0.kind == .option || $0.kind == .flag }
    guard let option = options.first(where: { $0.name == name }) else {
      let suggestion = closest(to: name, among: options.map(\.name)).map { " (did you mean --\($0)?)" } ?? ""
      problems.append("unknown option '--\(name)'\(suggestion)")
      // Skips the word that is probably the option's value, so that it is not reported as a second problem.
      if attached == nil, let next = rest.first, !looksLikeOption(next), remainingPositionals.isEmpty {
        rest.removeFirst()
      }
      return
    }
    if option.kind == .flag {
      if let attached { problems.append("--\(name): takes no value, found '\(attached)'") }
      take(attached ?? "--\(name)", for: option)
    } else if let attached {
      take(attached, for: option)
    } else if let next = rest.first, !looksLikeOption(next) {
      rest.removeFirst()
      take(next, for: option)
    } else {
      let found = rest.first.map { "the option \($0)" } ?? "nothing"
      problems.append("--\(name): expected \(option.accept("") ?? "a value"), found \(found)")
    }
  }

  private mutating func takePositional(_ word: String) {
    guard let next = remainingPositionals.first else { return extraWords.append(word) }
    if next.kind != .words { remainingPositionals.removeFirst() }
    take(word, for: next)
  }

  private mutating func take(_ word: String, for argument: any DeclaredArgument) {
    let shownName = argument.kind == .option || argument.kind == .flag ? "--\(argument.name)" : argument.name
    if let earlier = argument.given {
      let values = argument.kind == .flag ? "" : ": '\(earlier)' and '\(word)'"
      problems.append("\(shownName): given more than once\(values)")
    } else if let expectation = argument.accept(word) {
      problems.append("\(shownName): expected \(expectation), found '\(word)'")
    }
  }

  private mutating func checkCompleteness() {
    for word in extraWords { problems.append("unexpected argument '\(word)'") }
    for argument in remainingPositionals where argument.kind == .positional(isRequired: true) {
      problems.append("\(argument.name) is missing (\(argument.help))")
    }
  }

  /// Whether a word is an option rather than a value. Negative numbers, single dashes and text with spaces are values;
  /// any other value that begins with two dashes must be attached, as in `--prompt=--x`.
  private func looksLikeOption(_ word: String) -> Bool {
    word.hasPrefix("--") && !word.contains(" ")
  }
}

/// The candidate that the user most likely meant by a mistyped name, or nil if none is close enough.
func closest(to name: String, among candidates: [String]) -> String? {
  let best = candidates.map { (name: $0, distance: editDistance(name, $0)) }.min { $0.distance < $1.distance }
  guard let best, best.distance <= max(1, name.count / 3) else {
    return name.count > 1 ? candidates.first { $0.hasPrefix(name) } : nil
  }
  return best.name
}

/// The number of single-letter edits between two words: insertions, deletions, replacements and swaps of neighbors
/// (the optimal string alignment distance).
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var rows = [Array(0...b.count)]
  for i in 1..<(a.count + 1) {
    var row = [i]
    for j in 1..<(b.count + 1) {
      var cost = min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1))
      if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] { cost = min(cost, rows[i - 2][j - 2] + 1) }
      row.append(cost)
    }
    rows.append(row)
  }
  return rows[a.count][b.count]
}
