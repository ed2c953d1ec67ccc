// Compares two result files.
// Read first: Report.swift. Read next: Alternation.swift.

import ApusCharts
import Foundation

/// The measurements of one workload by Apus and by another library.
struct Pair {
  let name: String
  let ours: Measurement
  let other: Measurement

  /// The ratio of the other library's time to ours.
  var ratio: Double { other.seconds / ours.seconds }
}

/// The workloads in both reports, first those of this program in their order, then all others.
func pairs(_ ours: Report, _ other: Report) -> [Pair] {
  let known = workloads.map(\.name)
  let rest = ours.results.keys.filter { !known.contains($0) }.sorted()
  return (known + rest).compactMap { name in
    guard let mine = ours.results[name], let theirs = other.results[name] else { return nil }
    // If one side was measured with several numbers of threads, takes the number of the other side.
    return Pair(
      name: name, ours: mine.by_threads?["\(theirs.threads)"] ?? mine,
      other: theirs.by_threads?["\(mine.threads)"] ?? theirs)
  }
}

/// `ApusBenchmarks compare OURS.json OTHER.json [--svg FILE]`: compares two result files.
func compareFiles(_ arguments: [String]) -> Int32 {
  let arguments = BenchmarkArguments(arguments, options: ["--svg"])
  if let problem = arguments.problem { return refuse(problem) }
  if arguments.values["--help"] != nil { return showUsage() }
  guard arguments.positionals.count == 2 else {
    return refuse("compare: expected two result files, found \(arguments.positionals.count)")
  }
  var reports: [Report] = []
  for path in arguments.positionals {
    do {
      reports.append(try JSONDecoder().decode(Report.self, from: Data(contentsOf: URL(fileURLWithPath: path))))
    } catch {
      FileHandle.standardError.write(Data("compare: \(path): \(explanation(of: error))\n".utf8))
      return 65  // EX_DATAERR
    }
  }
  return show(reports[0], reports[1], svg: arguments.values["--svg"])
}

private func explanation(of error: any Error) -> String {
  switch error {
  case DecodingError.keyNotFound(let key, let context):
    "expected a result file of ApusBenchmarks or pytorch.py; \(path(context)) has no \"\(key.stringValue)\""
  case DecodingError.typeMismatch(let type, let context), DecodingError.valueNotFound(let type, let context):
    "\(path(context)): expected \(type)"
  case is DecodingError: "not JSON"
  default: error.localizedDescription
  }
}

private func path(_ context: DecodingError.Context) -> String {
  context.codingPath.isEmpty ? "the file" : context.codingPath.map(\.stringValue).joined(separator: ".")
}

/// Prints the comparison as a table, and draws the chart if `svg` is given.
func show(_ ours: Report, _ other: Report, svg: String?) -> Int32 {
  let pairs = pairs(ours, other)
  guard !pairs.isEmpty else {
    FileHandle.standardError.write(Data("compare: the two files have no workload in common\n".utf8))
    return 65
  }
  let (a, b) = (ours.machine["library"] ?? "ours", other.machine["library"] ?? "other")
  let widths = [46, 7, 13, 15, 8]
  print(paddedRow(["workload", "threads", a, b, "ratio"], widths: widths))
  for pair in pairs {
    let threads =
      pair.ours.threads == pair.other.threads
      ? "\(pair.ours.threads)" : "\(pair.ours.threads)/\(pair.other.threads)"
    print(
      paddedRow(
        [
          pair.name, threads, durationText(pair.ours.seconds), durationText(pair.other.seconds),
          String(format: "%.2f×", pair.ratio),
        ], widths: widths))
  }
  guard let svg else { return 0 }
  let chart = BarChart(
    title: "How many times faster than \(b)", subtitle: ours.machine["processor"] ?? "",
    bars: pairs.map { BarChart.Bar(label: $0.name, value: $0.ratio, text: String(format: "%.2f×", $0.ratio)) },
    reference: 1)
  do {
    try Data(chart.svg.utf8).write(to: URL(fileURLWithPath: svg), options: .atomic)
    print("\nThe chart is in \(svg).")
    return 0
  } catch {
    FileHandle.standardError.write(Data("--svg: cannot write \(svg): \(error.localizedDescription)\n".utf8))
    return 74
  }
}
