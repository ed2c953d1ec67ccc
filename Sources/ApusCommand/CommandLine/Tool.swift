// Selects the verb that a command line names, runs it, and maps its result to output and an exit status.
// Read first: Verb.swift. Read next: Help.swift.

import Foundation

/// A command-line tool with a name, a version and verbs.
struct Tool {
  let name: String
  let version: String
  let summary: String
  let verbs: [any Verb.Type]
  /// The summaries of the groups, by the first word that their verbs share.
  let groups: [String: String]
  /// The maximum line width of help texts, in columns.
  var helpWidth = 88

  /// The action that a command line leads to.
  enum Outcome {
    case print(String)
    case refuse([String])
    case run(any Verb)
  }

  /// The exit status for an invalid command line: EX_USAGE in sysexits.h.
  static let usageStatus: Int32 = 64

  /// Parses a command line without running anything.
  func outcome(of words: [String]) -> Outcome {
    guard let first = words.first, !["--help", "-h"].contains(first) else { return .print(help()) }
    if first == "--version" { return .print("\(name) \(version)") }
    if first == "help" { return help(about: Array(words.dropFirst()).filter { !$0.hasPrefix("-") }) }
    if first.hasPrefix("-") { return .refuse(["\(name): expected a command before the option '\(first)'"]) }
    if let verb = verb(in: words) { return outcome(of: verb, words.dropFirst(wordCount(verb))) }
    return outcome(ofGroup: first, words.dropFirst())
  }

  /// Runs a command line and returns the exit status.
  func run(_ words: [String]) -> Int32 {
    switch outcome(of: words) {
    case .print(let text):
      print(text)
      return 0
    case .refuse(let lines):
      writeError(lines)
      return Self.usageStatus
    case .run(let verb):
      let prefix = "\(name) \(type(of: verb).name): "
      do {
        try verb.run()
        // A failed write, for example on a full disk, must not be reported as success.
        if fflush(nil) != 0 { throw CommandFailure.outputFailed(errno) }
        return 0
      } catch let failure as CommandFailure {
        writeError(failure.lines.map { prefix + $0 })
        return failure.status
      } catch {
        writeError("\(error)".split(separator: "\n").map { prefix + $0 })
        return 1
      }
    }
  }

  /// The verb whose name is a prefix of the words.
  func verb(in words: [String]) -> (any Verb.Type)? {
    verbs.first { words.starts(with: $0.name.split(separator: " ").map(String.init)) }
  }

  /// The verbs of a group: "train x" and "train y" for the group "train".
  func verbs(ofGroup group: String) -> [any Verb.Type] {
    verbs.filter { $0.name.hasPrefix(group + " ") }
  }

  private func outcome(of type: any Verb.Type, _ words: ArraySlice<String>) -> Outcome {
    let verb = type.init()
    if ArgumentReader.asksForHelp(Array(words)) { return .print(help(for: verb)) }
    var problems = ArgumentReader.read(Array(words), into: verb.arguments)
    if problems.isEmpty { problems = verb.problems() }
    return problems.isEmpty ? .run(verb) : .refuse(problems.map { "\(name) \(type.name): \($0)" })
  }

  private func outcome(ofGroup group: String, _ words: ArraySlice<String>) -> Outcome {
    let members = verbs(ofGroup: group).map { String($0.name.dropFirst(group.count + 1)) }
    if members.isEmpty {
      let firstWords = verbs.map { String($0.name.prefix { $0 != " " }) }
      return .refuse(["\(name): unknown command '\(group)'\(hint(group, firstWords))"])
    }
    if ArgumentReader.asksForHelp(Array(words)) { return .print(help(forGroup: group)) }
    guard let word = words.first else {
      return .refuse(["\(name) \(group): expected \(members.joined(separator: " or ")), found nothing"])
    }
    return .refuse(["\(name) \(group): unknown command '\(word)'\(hint(word, members))"])
  }

  private func help(about words: [String]) -> Outcome {
    guard let first = words.first else { return .print(help()) }
    if let verb = verb(in: words) { return .print(help(for: verb.init())) }
    if words.count == 1, !verbs(ofGroup: first).isEmpty { return .print(help(forGroup: first)) }
    return outcome(ofGroup: first, words.dropFirst())
  }

  private func wordCount(_ verb: any Verb.Type) -> Int { verb.name.split(separator: " ").count }

  private func hint(_ word: String, _ candidates: [String]) -> String {
    if let meant = closest(to: word, among: candidates) { return " (did you mean '\(meant)'?)" }
    return " (expected \(Set(candidates).sorted().joined(separator: ", ")))"
  }
}

/// Prints lines on standard error, after flushing standard output.
func writeError(_ lines: [String]) {
  guard !lines.isEmpty else { return }
  fflush(nil)
  // If even this fails, there is no way left to report it.
  try? FileHandle.standardError.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
}
