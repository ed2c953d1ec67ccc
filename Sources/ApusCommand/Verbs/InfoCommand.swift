// `apus info`: describes the machine, the kernels selected for it, and its measured limits.
// Read next: ApusKernels/MachineLimits.swift, KernelSelection.swift.

import ApusCharts
import ApusKernelTypes
import ApusKernels
import Foundation

/// Prints the facts about the machine that a bug report or a benchmark should include.
struct InfoCommand: Verb {
  static let name = "info"
  static let summary = "Show the processor, the selected kernels and the measured limits"
  static let details = """
    The environment variable APUS_ISA selects the instruction set (baseline, avx2 or avx512), and APUS_THREADS the \
    number of threads.

    The limits are the rates of a loop that only performs multiply-adds on registers and of a loop that only reads \
    memory. Other programs that run at the same time lower them.
    """

  @Flag("json", help: "print a JSON object") var json

  func run() throws {
    let report = InfoReport.measured()
    print(json ? try report.json() : report.text)
  }
}

/// The report of `apus info`. The property names are the keys of its JSON.
struct InfoReport: Codable, Equatable {
  struct Cache: Codable, Equatable {
    var name: String
    var bytes: Int
  }

  struct Limits: Codable, Equatable {
    var threads: Int
    var gigaflopsPerSecond: Double
    var gigabytesReadPerSecond: Double
  }

  var version: String
  var processor: String
  var cores: Int
  var memoryBytes: UInt64
  var caches: [Cache]
  var system: String
  var instructionSetsSupported: [String]
  var instructionSet: String
  var reason: String
  var kernels: String
  var floatsPerVector: Int
  var threads: Int
  /// The limits of one thread and, if there are several, of all threads together.
  var limits: [Limits]

  /// Queries the system and measures the limits, which takes about half a second.
  static func measured() -> InfoReport {
    let (processor, selection, kernels) = (ProcessorDescription.current, KernelSelection.current, Kernels.current)
    return InfoReport(
      version: Tool.apus.version, processor: processor.name, cores: processor.cores,
      memoryBytes: ProcessInfo.processInfo.physicalMemory,
      caches: processor.caches.map { Cache(name: $0.name, bytes: $0.bytes) },
      system: ProcessInfo.processInfo.operatingSystemVersionString,
      instructionSetsSupported: InstructionSet.supported.map(\.rawValue),
      instructionSet: selection.instructionSet.rawValue, reason: selection.reason, kernels: kernels.name,
      floatsPerVector: kernels.laneCount, threads: selection.workers,
      limits: (selection.workers > 1 ? [1, selection.workers] : [1]).map { threads in
        Limits(
          threads: threads,
          gigaflopsPerSecond: rounded(MachineLimits.multiplyAddPeak(workers: threads)),
          gigabytesReadPerSecond: rounded(MachineLimits.readBandwidth(workers: threads)))
      })
  }

  /// The report as a JSON object with sorted keys.
  func json() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }

  /// The report as aligned lines.
  var text: String {
    var rows = [
      ("Processor", "\(processor), \(cores) \(cores == 1 ? "core" : "cores")"),
      ("Caches", caches.map { "\($0.name) \(Format.bytes($0.bytes))" }.joined(separator: ", ")),
      ("Memory", Format.bytes(Int(clamping: memoryBytes))),
      ("System", system),
      ("Kernels", "\(kernels), \(floatsPerVector) floats in a vector"),
      ("Selected", "\(instructionSet): \(reason)"),
      ("Supported", instructionSetsSupported.joined(separator: ", ")),
      ("Threads", "\(threads)"),
    ]
    rows.removeAll { $0.1.isEmpty }
    let columns = limits.map { $0.threads == 1 ? "1 thread" : "\($0.threads) threads" }
    let measured = [
      ("Measured", columns),
      ("Multiply-add", limits.map { "\(Format.fixed($0.gigaflopsPerSecond, 0)) GFLOP/s" }),
      ("Memory read", limits.map { "\(Format.fixed($0.gigabytesReadPerSecond, 0)) GB/s" }),
    ]
    let lines =
      ["Apus \(version)", ""] + rows.map { $0.0.padded(to: 14) + $0.1 } + [""]
      + measured.map { name, cells in name.padded(to: 14) + cells.map { $0.leftPadded(to: 14) }.joined() }
    return lines.joined(separator: "\n")
  }

  private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
