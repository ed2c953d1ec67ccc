// What the command line asks for. Read next: Measuring.swift; Comparison/.

import ApusKernels
import Foundation

private let usage = """
  usage: ApusBenchmarks [--filter TEXT] [--threads N,N…] [--isa NAME] [--json FILE] [--list]
         ApusBenchmarks compare APUS.json OTHER.json [--svg FILE]
         ApusBenchmarks alternate [--filter TEXT] [--threads N] [--rounds N] [--python PROGRAM] [--json PREFIX] [--svg FILE]

  --filter TEXT     only workloads whose name contains TEXT (or one of several, separated by commas), or is N for =N
  --threads N,N…    numbers of threads, one after the other; without it: one, and all cores
  --isa NAME        baseline, avx2 or avx512 instead of the widest
  --json FILE       writes what was measured
  --list            names the workloads
  compare           prints two result files side by side, with ratios
  alternate         measures here and in PyTorch in turns, workload by workload, and compares the best of each
  --svg FILE        draws the comparison as a bar chart

  """

/// Options and what follows them; every option takes a value but `--list` and `--help`.
struct BenchmarkArguments {
  private(set) var positionals: [String] = []
  private(set) var values: [String: String] = [:]
  private(set) var problem: String?

  init(_ arguments: [String], options: Set<String>) {
    var rest = arguments[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--") else {
        positionals.append(argument)
        continue
      }
      if argument == "--list" || argument == "--help" {
        values[argument] = ""
      } else if !options.contains(argument) {
        problem = problem ?? "unknown option '\(argument)'"
      } else if let value = rest.popFirst() {
        values[argument] = value
      } else {
        problem = problem ?? "\(argument): expected a value"
      }
    }
  }

  /// The names that `--filter` lets through.
  func selects(_ name: String) -> Bool {
    guard let filter = values["--filter"], !filter.isEmpty else { return true }
    return filter.split(separator: ",").contains { part in
      part.hasPrefix("=") ? name == part.dropFirst() : name.contains(part)
    }
  }

  /// Positive numbers separated by commas; nil if the text is something else.
  static func counts(_ text: String) -> [Int]? {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    return counts.allSatisfy { (1...256).contains($0) } ? counts : nil
  }
}

/// Reads the arguments, does what they ask for, and returns the exit status.
func runBenchmarks(_ arguments: [String]) -> Int32 {
  switch arguments.first {
  case "compare": return compareFiles(Array(arguments.dropFirst()))
  case "alternate": return alternateWithPyTorch(Array(arguments.dropFirst()))
  default: return measureHere(arguments)
  }
}

/// Prints what is wrong with the arguments; 64 is EX_USAGE.
func refuse(_ problem: String) -> Int32 {
  FileHandle.standardError.write(Data("ApusBenchmarks: \(problem)\n\n\(usage)".utf8))
  return 64
}

/// Prints how the program is used.
func showUsage() -> Int32 {
  print(usage, terminator: "")
  return 0
}

private func measureHere(_ arguments: [String]) -> Int32 {
  let arguments = BenchmarkArguments(arguments, options: ["--filter", "--threads", "--isa", "--json"])
  if let problem = arguments.problem { return refuse(problem) }
  if let extra = arguments.positionals.first { return refuse("unexpected '\(extra)'") }
  if arguments.values["--help"] != nil { return showUsage() }
  let chosen = workloads.filter { arguments.selects($0.name) }
  if arguments.values["--list"] != nil {
    for workload in chosen { print(workload.name) }
    return 0
  }
  guard !chosen.isEmpty else {
    return refuse("--filter: no workload has '\(arguments.values["--filter"] ?? "")' in its name")
  }
  // The kernels are chosen at their first use, from the environment: so it is set before.
  if let instructionSet = arguments.values["--isa"] { setenv("APUS_ISA", instructionSet, 1) }
  let all = KernelSelection.current.workers
  var threads = all > 1 ? [1, all] : [1]
  if let text = arguments.values["--threads"] {
    guard let counts = BenchmarkArguments.counts(text) else {
      return refuse("--threads: expected numbers from 1 to 256, separated by commas, found '\(text)'")
    }
    threads = counts
  }
  let report = measure(chosen, threads: threads)
  return arguments.values["--json"].map { save(report, to: $0) } ?? 0
}

/// Writes a report; 74 is EX_IOERR.
func save(_ report: Report, to path: String) -> Int32 {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  do {
    try encoder.encode(report).write(to: URL(fileURLWithPath: path), options: .atomic)
    return 0
  } catch {
    FileHandle.standardError.write(Data("--json: cannot write \(path): \(error.localizedDescription)\n".utf8))
    return 74
  }
}
