// How a workload is timed, and how results are printed. Read first: Workloads/Workload.swift.

import ApusCharts
import ApusKernelTypes
import ApusKernels
import Dispatch
import Foundation

/// Times `body`: warm-up, then repetitions until two seconds or 200 of them have passed.
private func time(_ body: () -> Void) -> (best: Double, median: Double) {
  func once() -> Double {
    let start = DispatchTime.now().uptimeNanoseconds
    body()
    return Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
  }
  // A processor that slept needs some time to reach its speed; slow workloads need no more than one run for that.
  var (warmUp, rounds) = (0.0, 0)
  while rounds < 3 && warmUp < 1 { (warmUp, rounds) = (warmUp + once(), rounds + 1) }
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

/// Measures the limits, then every workload with every number of threads, and prints a table as it goes.
func measure(_ workloads: [Workload], threads: [Int]) -> Report {
  let processor = ProcessorDescription.current
  print("\(processor.name), \(Kernels.table.name), \(processor.cores) cores")
  let limits = measureLimits(threads)
  print("")
  print(row("workload", "threads", "best", "median", "GFLOP/s", "GB/s", "of limit", "items", "memory"))
  var results: [String: Measurement] = [:]
  for workload in workloads {
    var measured: [Measurement] = []
    for count in threads {
      let measurement = run(workload, threads: count, limits)
      measured.append(measurement)
      print(row(workload.name, measurement))
      fflush(nil)  // a pipe shows the table as it grows too
    }
    guard var result = measured.max(by: { $0.threads < $1.threads }) else { continue }
    if measured.count > 1 {
      result.by_threads = Dictionary(measured.map { ("\($0.threads)", $0) }) { first, _ in first }
    }
    results[workload.name] = result
  }
  print("")
  var machine = [
    "processor": processor.name, "instruction_set": Kernels.table.name, "cores": "\(processor.cores)",
    "library": "Apus",
  ]
  if let bytes = peakResidentBytes() {
    print("peak memory of the process: \(Format.bytes(bytes))")
    machine["peak_resident_bytes"] = "\(bytes)"
  }
  return Report(machine: machine, limits: limits, results: results)
}

private func measureLimits(_ threads: [Int]) -> Limits {
  var limits = Limits(fma_gflops: [:], read_gbps: [:], cache_gbps: [:])
  for count in threads {
    // The best of three: a limit that other programs lowered would flatter every share.
    func best(_ measure: () -> Double) -> Double { (0..<3).map { _ in measure() }.max() ?? 0 }
    let fma = best { MachineLimits.multiplyAddPeak(workers: count) }
    let read = best { MachineLimits.readBandwidth(workers: count) }
    let cache = best { MachineLimits.readBandwidth(workers: count, bytes: 6 << 20) }
    (limits.fma_gflops["\(count)"], limits.read_gbps["\(count)"], limits.cache_gbps["\(count)"]) = (fma, read, cache)
    print(
      String(
        format:
          "limits, %d thread%@: %.0f GFLOP/s of multiply–adds; %.0f GB/s read from memory, %.0f from the last cache",
        count, count == 1 ? "" : "s", fma, read, cache))
  }
  return limits
}

private func run(_ workload: Workload, threads: Int, _ limits: Limits) -> Measurement {
  BufferPool.shared.resetPeak()
  let scheduler = Scheduler(workers: threads)
  let (best, median) = Kernels.withScheduler(scheduler) { time(workload.prepare(scheduler.schedule)) }
  let gflops = workload.operations.map { $0 / best / 1e9 }
  let gbps = workload.bytes.map { $0 / best / 1e9 }
  let key = "\(threads)"
  let share: (name: String, value: Double?)? =
    switch workload.limit {
    case .multiplyAdds: ("fma", limits.fma_gflops[key].flatMap { peak in gflops.map { $0 / peak } })
    case .memory: ("read", limits.read_gbps[key].flatMap { peak in gbps.map { $0 / peak } })
    case .cache: ("cache", limits.cache_gbps[key].flatMap { peak in gbps.map { $0 / peak } })
    case .overhead: nil
    }
  return Measurement(
    threads: threads, seconds: best, median_seconds: median, gflops: gflops, gbps: gbps,
    items_per_second: workload.items.map { $0.count / best }, items: workload.items?.name, limit: share?.name,
    share_of_limit: share?.value, peak_bytes: BufferPool.shared.statistics.peak)
}

/// The most memory that the process had at one time, where the system tells.
private func peakResidentBytes() -> Int? {
  #if os(Linux)
    guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }),
      let kibibytes = line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({ Int($0) })
    else { return nil }
    return kibibytes * 1_024
  #else
    return nil
  #endif
}

func durationText(_ seconds: Double) -> String {
  switch seconds {
  case ..<1e-3: String(format: "%.1f µs", seconds * 1e6)
  case ..<1: String(format: "%.3f ms", seconds * 1e3)
  default: String(format: "%.3f s", seconds)
  }
}

private func row(_ name: String, _ m: Measurement) -> String {
  row(
    name, "\(m.threads)", durationText(m.seconds), durationText(m.median_seconds),
    m.gflops.map { String(format: "%.0f", $0) } ?? "", m.gbps.map { String(format: "%.1f", $0) } ?? "",
    m.share_of_limit.map { String(format: "%.0f %% ", $0 * 100) + (m.limit ?? "") } ?? "",
    m.items_per_second.map { Format.rate($0) + " " + (m.items ?? "") } ?? "",
    m.peak_bytes.map { Format.bytes($0) } ?? "")
}

private func row(_ columns: String...) -> String {
  paddedRow(columns, widths: [46, 7, 11, 11, 8, 7, 11, 17, 10])
}

/// The first column to the left, the others to the right.
func paddedRow(_ columns: [String], widths: [Int]) -> String {
  zip(columns, widths).enumerated().map { index, pair in
    let padding = String(repeating: " ", count: max(0, pair.1 - pair.0.count))
    return index == 0 ? pair.0 + padding : padding + pair.0
  }.joined(separator: " ")
}
