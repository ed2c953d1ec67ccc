// What this machine can do at best: multiply–adds from registers, and reading memory; and what its maker calls it.
// Read first: ApusKernelsBaseline/Probes/Limits.swift, the loops timed here. Read next: Benchmarks/, which divide by it.

package import ApusKernelTypes
import Dispatch
import Foundation
import Synchronization

/// The machine's limits, measured.
package enum MachineLimits {
  /// The rate of multiply–adds from registers, in GFLOP/s (a multiply–add is two operations).
  ///
  /// - Parameters:
  ///   - workers: How many do it at the same time.
  ///   - kernels: The instruction set.
  ///   - seconds: How long it takes, about. The best of 32 short spurts counts: other programs can only make one slower.
  package static func multiplyAddPeak(
    workers: Int, kernels: KernelTable = Kernels.table, seconds: Double = 0.08
  ) -> Double {
    let calls = 32
    let perRound = calibratedSecondsPerRound(kernels)
    let rounds = max(1_000, Int(seconds / Double(calls) / perRound))
    let operations = 2 * Double(kernels.multiplyAddsPerRound) * Double(rounds) * Double(workers)
    return operations / bestTime(workers: workers, repetitions: calls) { _ in kernels.multiplyAddProbe(rounds) } * 1e-9
  }

  /// The rate of reading memory from end to end, in GB/s.
  ///
  /// - Parameters:
  ///   - workers: How many read at the same time, each its own part.
  ///   - bytes: Of the buffer; nil: several times the last cache, and at least 256 MiB.
  package static func readBandwidth(
    workers: Int, kernels: KernelTable = Kernels.table, bytes: Int? = nil
  ) -> Double {
    let count = (bytes ?? defaultReadBytes) / workers / 4
    let buffer = UnsafeMutablePointer<Float>.allocate(capacity: count * workers)
    defer { buffer.deallocate() }
    // Pages that were never written are all one page of zeros, which stays in the cache. Each worker writes its own
    // part, so that on a machine with several memories the part is near it.
    let part = Part(elements: buffer, count: count)
    _ = bestTime(workers: workers, repetitions: 1) { worker in
      (part.elements + worker * count).initialize(repeating: 1, count: count)
      return 0
    }
    let seconds = bestTime(workers: workers, repetitions: 6) { worker in
      kernels.readProbe(part.elements + worker * count, count)
    }
    return Double(count * workers * 4) / seconds * 1e-9
  }

  /// Memory that the workers divide among themselves.
  private struct Part: @unchecked Sendable {
    let elements: UnsafeMutablePointer<Float>
    let count: Int
  }

  private static var defaultReadBytes: Int {
    let lastCache = ProcessorDescription.current.caches.map(\.bytes).max() ?? 0
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return max(1 << 24, min(max(256 << 20, 4 * lastCache), memory / 4))
  }

  /// How long a round of the probe takes, about; the processor has left its sleep when the result is known.
  private static func calibratedSecondsPerRound(_ kernels: KernelTable) -> Double {
    let rounds = 100_000
    _ = bestTime(workers: 1, repetitions: 2) { _ in kernels.multiplyAddProbe(rounds) }
    return bestTime(workers: 1, repetitions: 3) { _ in kernels.multiplyAddProbe(rounds) } / Double(rounds)
  }

  /// Seconds from when all workers are ready to when all are done, the best of some repetitions.
  private static func bestTime(
    workers: Int, repetitions: Int, _ work: @Sendable (_ worker: Int) -> Float
  ) -> Double {
    let scheduler = Scheduler(workers: workers)
    var best = Double.infinity
    for _ in 0..<repetitions {
      let race = Race(runners: workers)
      // As many tiles as workers: whoever has one waits for the others at the start, so that nobody runs two.
      scheduler.run(workers) { tile, _ in
        race.waitForAll()
        let start = DispatchTime.now().uptimeNanoseconds
        let result = work(tile)
        race.record(start, DispatchTime.now().uptimeNanoseconds, result)
      }
      best = min(best, race.seconds)
    }
    return best
  }
}

/// A start that all runners wait for, and the times of the first start and the last finish.
private final class Race: Sendable {
  private let runners: Int
  private let arrived = Atomic<Int>(0)
  private let times = Mutex((start: UInt64.max, end: UInt64.zero, result: Float.zero))

  init(runners: Int) { self.runners = runners }

  /// A runner that does not come within 20 ms (a machine busy with something else) is not waited for: the measurement
  /// is then lower than the limit, but never higher.
  func waitForAll() {
    arrived.add(1, ordering: .relaxed)
    let start = DispatchTime.now().uptimeNanoseconds
    while arrived.load(ordering: .relaxed) < runners, DispatchTime.now().uptimeNanoseconds - start < 20_000_000 {}
  }

  /// Keeping the result keeps the compiler from leaving out the work.
  func record(_ start: UInt64, _ end: UInt64, _ result: Float) {
    times.withLock { times in
      times = (min(times.start, start), max(times.end, end), times.result + result)
    }
  }

  var seconds: Double {
    times.withLock { $0.end > $0.start ? Double($0.end - $0.start) * 1e-9 : 1e-9 }
  }
}

/// The processor's name and caches, as the operating system tells them.
package struct ProcessorDescription: Sendable {
  /// A cache that one core sees.
  package struct Cache: Sendable {
    /// "L1d", "L2", "L3"
    package let name: String
    package let bytes: Int
  }

  /// "AMD EPYC 9654"; "unknown processor" where the system doesn't say.
  package let name: String
  /// From the nearest to the last; instruction caches are left out. Empty where the system doesn't say.
  package let caches: [Cache]
  /// That the system lets this process use.
  package let cores: Int

  package static let current = ProcessorDescription()

  private init() {
    cores = ProcessInfo.processInfo.activeProcessorCount
    #if canImport(Darwin)
      name = Self.systemText("machdep.cpu.brand_string") ?? "unknown processor"
      // Chips with two kinds of cores list the fast kind as level 0.
      caches = [("L1d", "l1dcachesize"), ("L2", "l2cachesize"), ("L3", "l3cachesize")].compactMap { name, key in
        let bytes = Self.systemNumber("hw.perflevel0.\(key)") ?? Self.systemNumber("hw.\(key)") ?? 0
        return bytes > 0 ? Cache(name: name, bytes: bytes) : nil
      }
    #else
      name = Self.nameFromProc() ?? "unknown processor"
      caches = Self.cachesFromSys()
    #endif
  }

  #if canImport(Darwin)
    private static func systemText(_ key: String) -> String? {
      var size = 0
      guard sysctlbyname(key, nil, &size, nil, 0) == 0, size > 0 else { return nil }
      var bytes = [UInt8](repeating: 0, count: size)
      guard sysctlbyname(key, &bytes, &size, nil, 0) == 0 else { return nil }
      return String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func systemNumber(_ key: String) -> Int? {
      var (value, size) = (Int64(0), MemoryLayout<Int64>.size)
      return sysctlbyname(key, &value, &size, nil, 0) == 0 ? Int(value) : nil
    }
  #else
    /// x86 says "model name", some Arm boards "Model" or "Hardware".
    private static func nameFromProc() -> String? {
      guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return nil }
      let fields = text.split(separator: "\n").map { line in
        line.split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
      }
      for key in ["model name", "Model", "Hardware"] {
        if let field = fields.first(where: { $0.count == 2 && $0[0] == key && !$0[1].isEmpty }) { return field[1] }
      }
      return nil
    }

    private static func cachesFromSys() -> [Cache] {
      (0..<8).compactMap { index in
        func read(_ file: String) -> String? {
          let path = "/sys/devices/system/cpu/cpu0/cache/index\(index)/\(file)"
          return try? String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        }
        guard let level = read("level"), let type = read("type"), type != "Instruction", let size = read("size"),
          let number = Int(size.prefix { $0.isNumber })
        else { return nil }
        let unit = size.hasSuffix("K") ? 1 << 10 : size.hasSuffix("M") ? 1 << 20 : 1
        return Cache(name: "L\(level)" + (type == "Data" ? "d" : ""), bytes: number * unit)
      }
    }
  #endif
}
