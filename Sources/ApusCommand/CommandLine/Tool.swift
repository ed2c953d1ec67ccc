// Picks the verb that a command line asks for, and turns what happens into output and an exit status.
// Read first: Verb.swift. Read next: Help.swift.

import Foundation

/// The tool: its name, version and verbs.
struct Tool {
  let name: String
  let version: String
  let summary: String
  let verbs: [any Verb.Type]
  /// Summaries of first words that several verbs share.
  let groups: [String: String]
  /// Columns of a help text.
  var helpWidth = 88

  /// What a command line comes to.
  enum Outcome {
    case print(String)
    case refuse([String])
    case run(any Verb)
  }

  /// Exit status for a command line that cannot be understood: EX_USAGE of sysexits.h.
  static let usageStatus: Int32 = 64

  /// Decides, without doing anything yet.
  func outcome(of words: [String]) -> Outcome {
    guard let first = words.first, !["--help", "-h"].contains(first) else { return .print(help()) }
    if first == "--version" { return .print("\(name) \(version)") }
    if first == "help" { return help(about: Array(words.dropFirst()).filter { !$0.hasPrefix("-") }) }
    if first.hasPrefix("-") { return .refuse(["\(name): expected a verb before the option '\(first)'"]) }
    if let verb = verb(in: words) { return outcome(of: verb, words.dropFirst(wordCount(verb))) }
    return outcome(ofGroup: first, words.dropFirst())
  }

  /// Does what the command line asks for; the result is the exit status.
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
        // A full disk must not look like success.
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

  /// The verb whose name the words begin with.
  func verb(in words: [String]) -> (any Verb.Type)? {
    verbs.first { words.starts(with: $0.name.split(separator: " ").map(String.init)) }
  }

  /// The verbs "train x" and "train y" for "train".
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
      return .refuse(["\(name): unknown verb '\(group)'\(hint(group, firstWords))"])
    }
    if ArgumentReader.asksForHelp(Array(words)) { return .print(help(forGroup: group)) }
    guard let word = words.first else {
      return .refuse(["\(name) \(group): expected \(members.joined(separator: " or ")), found nothing"])
    }
    return .refuse(["\(name) \(group): unknown verb '\(word)'\(hint(word, members))"])
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

/// Prints lines on standard error, after what standard output still holds back.
func writeError(_ lines: [String]) {
  guard !lines.isEmpty else { return }
  fflush(nil)
  // Nothing is left to be done where even this fails.
  try? FileHandle.standardError.write(contentsOf: Data((lines.joined(separator: "\n") + "\n").utf8))
}
