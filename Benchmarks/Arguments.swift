// The command line of the benchmarks.
// Read next: Measuring.swift; Comparison/.

import ApusKernels
import Foundation

private let usage = """
  Usage: ApusBenchmarks [--filter TEXT] [--threads N,N…] [--isa NAME] [--json FILE] [--list]
         ApusBenchmarks compare APUS.json OTHER.json [--svg FILE]
         ApusBenchmarks alternate [--filter TEXT] [--threads N] [--rounds N] [--python PROGRAM] [--json PREFIX]
                                  [--svg FILE]

  Measure workloads as a fraction of the machine's limits, and compare the results with PyTorch's.

  compare           compare two result files
  alternate         measure Apus and PyTorch alternately, one workload after the other, and compare the best times

  --filter TEXT     select workloads whose names contain TEXT, or equal NAME for =NAME; commas separate alternatives
  --threads N,N…    numbers of threads to measure with (default: one thread and all cores; for alternate, all cores)
  --isa NAME        use the kernels of this instruction set: baseline, avx2 or avx512 (default: the widest available)
  --json FILE       write the results to FILE; for alternate, to PREFIXapus.json and PREFIXpytorch.json
  --list            list the workloads
  --rounds N        number of runs of each workload on each side (default: 3)
  --python PROGRAM  Python interpreter with PyTorch (default: python3)
  --svg FILE        draw the comparison as a bar chart

  """

/// Parsed arguments. Every option but `--list` and `--help` takes a value.
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

  /// Whether `--filter` selects a workload.
  func selects(_ name: String) -> Bool {
    guard let filter = values["--filter"], !filter.isEmpty else { return true }
    return filter.split(separator: ",").contains { part in
      part.hasPrefix("=") ? name == part.dropFirst() : name.contains(part)
    }
  }

  /// Parses numbers from 1 to 256, separated by commas; returns nil for any other text.
  static func counts(_ text: String) -> [Int]? {
    let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    return counts.allSatisfy { (1...256).contains($0) } ? counts : nil
  }
}

/// Runs the command that the arguments select, and returns the exit status.
func runBenchmarks(_ arguments: [String]) -> Int32 {
  switch arguments.first {
  case "compare": return compareFiles(Array(arguments.dropFirst()))
  case "alternate": return alternateWithPyTorch(Array(arguments.dropFirst()))
  default: return measureHere(arguments)
  }
}

/// Reports invalid arguments and returns the exit status 64, EX_USAGE.
func refuse(_ problem: String) -> Int32 {
  FileHandle.standardError.write(Data("ApusBenchmarks: \(problem)\n\n\(usage)".utf8))
  return 64
}

/// Prints the usage.
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
  // Set before the first use of the kernels, which are then selected from the environment.
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

/// Writes a report, and returns the exit status: 0, or 74 (EX_IOERR).
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
