// How a workload is timed, and how results are printed and saved. Read next: Workloads.swift.

import ApusKernelTypes
import ApusKernels
import Dispatch
import Foundation

/// One workload: its name, what it does, and how much work that is.
struct Workload: Sendable {
  let name: String
  /// Multiply–adds count two.
  let operations: Double
  /// What is counted per second beside operations: ("tokens", 768).
  let items: (name: String, count: Double)?
  /// Makes what the workload needs and gives the function to time.
  let prepare: @Sendable (Schedule) -> () -> Void
}

/// One line of the table.
// The keys of the JSON file.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Measurement: Codable {
  var threads: Int
  var seconds: Double
  var median_seconds: Double
  var gflops: Double
  var share_of_fma_peak: Double
  var items_per_second: Double?
  var items: String?
  var peak_bytes: Int
}

/// The machine and what it can do at most, measured in the same run.
// The keys of the JSON file.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Limits: Codable {
  var fma_gflops: [String: Double]
  var read_gbps: [String: Double]
}

struct Report: Codable {
  var machine: [String: String]
  var limits: Limits
  var results: [String: [Measurement]]
}

/// Times `body`: warm-up, then repetitions until two seconds or 200 of them have passed.
func time(_ body: () -> Void) -> (best: Double, median: Double) {
  func once() -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }
  for _ in 0..<3 { _ = once() }
  var samples: [Double] = []
  var total = 0.0
  while samples.count < 5 || (total < 2 && samples.count < 200) {
    let seconds = once()
    samples.append(seconds)
    total += seconds
  }
  samples.sort()
  return (samples[0], samples[samples.count / 2])
}

/// Reads the arguments, runs what they ask for, and returns the exit status.
func runBenchmarks(_ arguments: [String]) -> Int32 {
  var (filter, json): (String, String?) = ("", nil)
  let all = KernelSelection.current.workers
  var threads = all > 1 ? [1, all] : [1]
  var rest = arguments[...]
  while let option = rest.popFirst() {
    guard ["--filter", "--threads", "--json"].contains(option), let value = rest.popFirst() else {
      print("usage: ApusBenchmarks [--filter TEXT] [--threads N,N…] [--json FILE]   (found '\(option)')")
      return option == "--help" ? 0 : 64
    }
    switch option {
    case "--filter": filter = value
    case "--json": json = value
    default:
      threads = value.split(separator: ",").compactMap { Int($0) }.filter { (1...256).contains($0) }
      guard !threads.isEmpty else {
        print("--threads: expected numbers from 1 to 256, found '\(value)'")
        return 64
      }
    }
  }
  let report = measure(filter: filter, threads: threads)
  guard let json else { return 0 }
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
  do {
    try encoder.encode(report).write(to: URL(fileURLWithPath: json), options: .atomic)
    return 0
  } catch {
    print("--json: cannot write \(json): \(error.localizedDescription)")
    return 1
  }
}

private func measure(filter: String, threads: [Int]) -> Report {
  let processor = ProcessorDescription.current
  print("\(processor.name), \(Kernels.table.name), \(processor.cores) cores")
  var limits = Limits(fma_gflops: [:], read_gbps: [:])
  for count in threads {
    // The best of three: a limit that other programs lowered would flatter every share.
    limits.fma_gflops["\(count)"] = (0..<3).map { _ in MachineLimits.multiplyAddPeak(workers: count) }.max()
    limits.read_gbps["\(count)"] = MachineLimits.readBandwidth(workers: count)
  }
  for count in threads {
    print(
      String(
        format: "limit, %d thread%@: %.0f GFLOP/s, %.0f GB/s read", count, count == 1 ? "" : "s",
        limits.fma_gflops["\(count)"] ?? 0, limits.read_gbps["\(count)"] ?? 0))
  }
  print("")
  print(row("workload", "threads", "best", "median", "GFLOP/s", "of peak", "items/s", "memory"))
  var results: [String: [Measurement]] = [:]
  for workload in workloads where filter.isEmpty || workload.name.contains(filter) {
    for count in threads {
      let peak = limits.fma_gflops["\(count)"] ?? 1
      let measurement = run(workload, threads: count, peak: peak)
      results[workload.name, default: []].append(measurement)
      let items = measurement.items_per_second.map { String(format: "%.0f ", $0) + (measurement.items ?? "") } ?? ""
      print(
        row(
          workload.name, "\(count)", duration(measurement.seconds), duration(measurement.median_seconds),
          String(format: "%.0f", measurement.gflops), String(format: "%.0f %%", measurement.share_of_fma_peak * 100),
          items, String(format: "%.1f MiB", Double(measurement.peak_bytes) / 1_048_576)))
    }
  }
  return Report(
    machine: ["processor": processor.name, "instruction_set": Kernels.table.name, "cores": "\(processor.cores)"],
    limits: limits, results: results)
}

private func run(_ workload: Workload, threads: Int, peak: Double) -> Measurement {
  // Tensors use the process's scheduler; kernels timed by themselves get one of their own.
  BufferPool.shared.resetPeak()
  let scheduler = Scheduler(workers: threads)
  let (best, median) = Kernels.$override.withValue(scheduler) { time(workload.prepare(scheduler.schedule)) }
  let gflops = workload.operations / best / 1e9
  return Measurement(
    threads: threads, seconds: best, median_seconds: median, gflops: gflops, share_of_fma_peak: gflops / peak,
    items_per_second: workload.items.map { $0.count / best }, items: workload.items?.name,
    peak_bytes: BufferPool.shared.statistics.peak)
}

private func duration(_ seconds: Double) -> String {
  seconds < 1e-3 ? String(format: "%.1f µs", seconds * 1e6) : String(format: "%.3f ms", seconds * 1e3)
}

private func row(_ columns: String...) -> String {
  let widths = [38, 7, 12, 12, 8, 8, 16, 10]
  return zip(columns, widths).enumerated().map { index, pair in
    let padding = String(repeating: " ", count: max(0, pair.1 - pair.0.count))
    return index == 0 ? pair.0 + padding : padding + pair.0
  }.joined(separator: " ")
}
