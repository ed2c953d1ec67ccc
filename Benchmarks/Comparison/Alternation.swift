// Measures Apus and PyTorch alternately. The speed of a machine drifts, so results an hour apart are not comparable.
// Read first: Comparison.swift.

import ApusKernels
import Foundation

/// `ApusBenchmarks alternate`: measures each workload in several rounds, and compares the best times of both sides.
///
/// A round is a run of Apus and a run of pytorch.py. Each has its own process, because PyTorch's threads spin for a
/// while after their work.
func alternateWithPyTorch(_ arguments: [String]) -> Int32 {
  let arguments = BenchmarkArguments(
    arguments, options: ["--filter", "--threads", "--rounds", "--python", "--json", "--svg"])
  if let problem = arguments.problem { return refuse(problem) }
  if let extra = arguments.positionals.first { return refuse("alternate: unexpected '\(extra)'") }
  if arguments.values["--help"] != nil { return showUsage() }
  guard
    let threads = BenchmarkArguments.counts(arguments.values["--threads"] ?? "\(KernelSelection.current.workers)")?
      .first
  else { return refuse("--threads: expected a number from 1 to 256") }
  guard let rounds = Int(arguments.values["--rounds"] ?? "3"), rounds > 0 else {
    return refuse("--rounds: expected a positive number")
  }
  let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("pytorch.py").path
  guard FileManager.default.fileExists(atPath: script) else {
    return refuse("alternate: cannot find \(script) (run the program on the machine that built it)")
  }
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("apus-benchmarks-\(getpid())")
  defer { try? FileManager.default.removeItem(at: folder) }
  var (ours, theirs): (Report?, Report?)
  do {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for workload in workloads where arguments.selects(workload.name) {
      for round in 1...rounds {
        print("\(workload.name), round \(round) of \(rounds)")
        fflush(nil)  // so that a pipe also shows the progress
        let json = folder.appendingPathComponent("result.json")
        // `=` selects this workload only, even if its name is part of another's.
        let common = ["--filter", "=" + workload.name, "--threads", "\(threads)", "--json", json.path]
        merge(try result(of: CommandLine.arguments[0], common, json), into: &ours)
        if let other = try? result(
          of: "/usr/bin/env", [arguments.values["--python"] ?? "python3", script] + common, json),
          !other.results.isEmpty
        {
          merge(other, into: &theirs)
        } else {
          print("  (pytorch.py gave no result)")
        }
      }
    }
  } catch {
    FileHandle.standardError.write(Data("alternate: \(error.localizedDescription)\n".utf8))
    return 1
  }
  guard let ours, let theirs else {
    FileHandle.standardError.write(Data("alternate: no results from PyTorch; is it installed for --python?\n".utf8))
    return 1
  }
  if let prefix = arguments.values["--json"] {
    for (report, name) in [(ours, "apus"), (theirs, "pytorch")] {
      let status = save(report, to: "\(prefix)\(name).json")
      if status != 0 { return status }
    }
  }
  print("")
  return show(ours, theirs, svg: arguments.values["--svg"])
}

/// Runs a program that writes a result file, and reads the file.
private func result(of program: String, _ arguments: [String], _ json: URL) throws -> Report {
  try? FileManager.default.removeItem(at: json)
  let process = Process()
  process.executableURL = URL(fileURLWithPath: program)
  process.arguments = arguments
  process.standardOutput = FileHandle.nullDevice
  try process.run()
  process.waitUntilExit()
  return try JSONDecoder().decode(Report.self, from: Data(contentsOf: json))
}

/// Keeps the faster of two measurements of a workload.
private func merge(_ report: Report, into sum: inout Report?) {
  guard var merged = sum else {
    sum = report
    return
  }
  for (name, measurement) in report.results where measurement.seconds < merged.results[name]?.seconds ?? .infinity {
    merged.results[name] = measurement
  }
  sum = merged
}
