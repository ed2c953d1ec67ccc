// Tests of command-line parsing: values, error messages, suggestions and help.
// Read first: Sources/ApusCommand/CommandLine/.

import Foundation
import Testing

@testable import ApusCommand

/// A verb with every kind of argument.
private struct Bake: Verb {
  static let name = "bake cake"
  static let summary = "Bake a cake"
  static let details = "Eat it while it is warm."

  @Positional("RECIPE", help: "recipe file") var recipe: Path
  @Positional("SIZE", .from(1, to: 9), help: "size of the cake") var size = 3
  @Option("minutes", .atLeast(1), help: "time in the oven") var minutes = 40
  @Option("sugar", .from(0, below: 1), help: "fraction of sugar") var sugar = 0.25
  @Option("name", help: "text to write on it") var text = "Apus"
  @Option("out", placeholder: "DIR", help: "output folder") var out: Path? = nil
  @Option("seed", help: "random seed") var seed: UInt64 = 1
  @Flag("dry", help: "print the steps without baking") var isDry

  func problems() -> [String] { minutes > 90 && isDry ? ["--minutes: too long for --dry"] : [] }

  func run() throws {}
}

private struct Boil: Verb {
  static let name = "bake egg"
  static let summary = "Bake an egg"
  func run() throws { throw CommandFailure("no egg", "no water", status: 3) }
}

private var tool: Tool {
  Tool(
    name: "cook", version: "1.2", summary: "a kitchen", verbs: [Bake.self, Boil.self],
    groups: ["bake": "Use the oven"])
}

private func bake(_ words: String...) -> Bake? {
  if case .run(let verb) = tool.outcome(of: ["bake", "cake"] + words) { verb as? Bake } else { nil }
}

private func refusal(_ words: String...) -> [String] {
  if case .refuse(let lines) = tool.outcome(of: words) { lines } else { [] }
}

private func output(_ words: String...) -> String {
  if case .print(let text) = tool.outcome(of: words) { text } else { "" }
}

@Suite struct ArgumentTests {
  @Test func defaultsHoldUntilSomethingIsGiven() throws {
    let verb = try #require(bake("r.txt"))
    #expect(verb.recipe == Path("r.txt"))
    #expect((verb.size, verb.minutes, verb.sugar, verb.text) == (3, 40, 0.25, "Apus"))
    #expect(verb.out == nil && verb.seed == 1 && !verb.isDry)
    #expect(verb.$minutes.given == nil)
  }

  @Test func bothSpellingsOfAnOption() throws {
    let verb = try #require(
      bake("--minutes", "40", "r.txt", "--sugar=0.5", "7", "--name", "-1 & all", "--dry", "--out=d", "--seed", "9"))
    #expect((verb.size, verb.minutes, verb.sugar, verb.text) == (7, 40, 0.5, "-1 & all"))
    #expect(verb.out == Path("d") && verb.seed == 9 && verb.isDry)
    #expect(verb.$minutes.given == "40")
  }

  @Test func wordsAfterTwoDashesArePositional() throws {
    #expect(try #require(bake("--dry", "--", "--help")).recipe == Path("--help"))
    #expect(try #require(bake("r", "--name=--x=y")).text == "--x=y")
    #expect(try #require(bake("r", "--name=")).text.isEmpty)
  }

  @Test func everyProblemIsReported() {
    let lines = refusal(
      "bake", "cake", "--minutes", "abc", "--sugar=1", "--nmae=x", "--seed", "-3", "--dry=yes", "--seed=4", "-q",
      "--out=", "--name")
    #expect(
      lines == [
        "cook bake cake: --minutes: expected a whole number of at least 1, found 'abc'",
        "cook bake cake: --sugar: expected a number of at least 0 and below 1, found '1'",
        "cook bake cake: unknown option '--nmae' (did you mean --name?)",
        "cook bake cake: --seed: expected a whole number from 0 to 18446744073709551615, found '-3'",
        "cook bake cake: --dry: takes no value, found 'yes'",
        "cook bake cake: --seed: given more than once: '-3' and '4'",
        "cook bake cake: unknown option '-q'",
        "cook bake cake: --out: expected the name of a file or folder, found ''",
        "cook bake cake: --name: expected a value, found nothing",
        "cook bake cake: RECIPE is missing (recipe file)",
      ])
  }

  @Test func positionalsTooManyOrOutOfBounds() {
    #expect(
      refusal("bake", "cake", "r", "12", "x", "y") == [
        "cook bake cake: SIZE: expected a whole number from 1 to 9, found '12'",
        "cook bake cake: unexpected argument 'x'",
        "cook bake cake: unexpected argument 'y'",
      ])
  }

  @Test(arguments: ["nan", "inf", "1e999", "", "0x", "1,5"])
  func noNumber(_ word: String) {
    #expect(
      refusal("bake", "cake", "r", "--sugar", word)
        == ["cook bake cake: --sugar: expected a number of at least 0 and below 1, found '\(word)'"])
  }

  @Test func anOptionIsNoValue() {
    #expect(
      refusal("bake", "cake", "r", "--minutes", "--dry")
        == ["cook bake cake: --minutes: expected a whole number of at least 1, found the option --dry"])
  }

  @Test func optionsThatContradictEachOther() {
    #expect(
      refusal("bake", "cake", "r", "--dry", "--minutes=91") == ["cook bake cake: --minutes: too long for --dry"])
  }

  @Test func verbs() {
    #expect(refusal("bkae") == ["cook: unknown command 'bkae' (did you mean 'bake'?)"])
    #expect(refusal("fly") == ["cook: unknown command 'fly' (expected bake)"])
    #expect(refusal("--dry") == ["cook: expected a command before the option '--dry'"])
    #expect(refusal("bake") == ["cook bake: expected cake or egg, found nothing"])
    #expect(refusal("bake", "cakes") == ["cook bake: unknown command 'cakes' (did you mean 'cake'?)"])
    #expect(refusal("help", "bake", "x") == ["cook bake: unknown command 'x' (expected cake, egg)"])
  }

  @Test func helpComesFromTheDeclarations() {
    let help = output("bake", "cake", "--minutes", "nonsense", "--help")
    #expect(help.contains("cook bake cake — Bake a cake\n\nUsage: cook bake cake RECIPE [SIZE] [options]"))
    #expect(help.contains("  --minutes N  time in the oven (default: 40)"))
    #expect(help.contains("  --name TEXT  text to write on it (default: \"Apus\")"))
    #expect(help.contains("  --out DIR    output folder\n"))
    #expect(help.contains("Eat it while it is warm."))
    #expect(help == output("help", "bake", "cake"))
    #expect(help.split(separator: "\n").allSatisfy { $0.count <= 88 })
  }

  @Test func helpFitsANarrowWindow() {
    for width in [24, 40, 60] {
      var tool = Tool.apus
      tool.helpWidth = width
      for verb in tool.verbs {
        guard case .print(let help) = tool.outcome(of: verb.name.split(separator: " ").map(String.init) + ["--help"])
        else {
          Issue.record("no help for \(verb.name)")
          continue
        }
        for line in help.split(separator: "\n") where line.count > width {
          // Only the usage line and lines without a space may be longer.
          #expect(
            !line.trimmingCharacters(in: .whitespaces).contains(" ") || line.hasPrefix("Usage"),
            "\(verb.name), \(width): \(line)")
        }
      }
    }
  }

  @Test func helpOfToolAndGroup() {
    for help in [output(), output("--help"), output("-h"), output("help")] {
      #expect(help.contains("  bake cake  Bake a cake\n  bake egg   Bake an egg"))
    }
    let usage = "Usage: cook bake COMMAND [arguments] [options]"
    #expect(output("bake", "--help").hasPrefix("cook bake — Use the oven\n\n\(usage)\n\n  bake cake  Bake a cake\n"))
    #expect(output("help", "bake") == output("bake", "-h"))
    #expect(output("--version") == "cook 1.2")
  }

  @Test func exitStatus() {
    #expect(tool.run(["bake", "egg"]) == 3)
    #expect(tool.run(["bake", "cake"]) == 64)
    #expect(tool.run(["bake", "cake", "r"]) == 0)
  }

  @Test func distances() {
    #expect(editDistance("", "abc") == 3)
    #expect(editDistance("kitten", "sitting") == 3)
    #expect(editDistance("setps", "steps") == 1)
    #expect(closest(to: "temp", among: ["steps", "temperature"]) == "temperature")
    #expect(closest(to: "xyz", among: ["steps"]) == nil)
  }
}

@Suite struct RegistryTests {
  /// A name that appears twice, or that is a prefix of another, would hide a verb. A repeated option name would hide an
  /// option.
  @Test func namesAreDistinct() {
    let names = Tool.apus.verbs.map { $0.name }
    for (index, name) in names.enumerated() {
      let others = names.prefix(index) + names.dropFirst(index + 1)
      #expect(!others.contains { ($0 + " ").hasPrefix(name + " ") })
    }
    for verb in Tool.apus.verbs {
      let names = verb.init().arguments.map { $0.name }
      #expect(Set(names).count == names.count, "\(verb.name) declares an option twice")
    }
  }
}
