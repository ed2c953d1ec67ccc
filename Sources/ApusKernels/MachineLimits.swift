// The machine's limits, measured: multiply–adds from registers, and reading memory; and the processor's name and caches.
// Read first: ApusKernelsBaseline/Probes/Limits.swift, the loops timed here. Read next: Benchmarks/, which use the limits.

package import ApusKernelTypes
import Dispatch
import Foundation
import Synchronization

/// The limits of this machine, by measurement.
package enum MachineLimits {
  /// The rate of multiply–adds from registers, in GFLOP/s (a multiply–add is two operations).
  ///
  /// - Parameters:
  ///   - workers: The number of workers that compute at the same time.
  ///   - kernels: The instruction set.
  ///   - seconds: The approximate duration. The best of 32 short runs counts, since other programs can only slow a run down.
  package static func multiplyAddPeak(
    workers: Int, kernels: AnyKernelSet = Kernels.current, seconds: Double = 0.08
  ) -> Double {
    let calls = 32
    let perRound = calibratedSecondsPerRound(kernels)
    let rounds = max(1_000, Int(seconds / Double(calls) / perRound))
    let operations = 2 * Double(kernels.multiplyAddsPerRound) * Double(rounds) * Double(workers)
    return operations / bestTime(workers: workers, repetitions: calls) { _ in kernels.multiplyAddProbe(rounds: rounds) }
      * 1e-9
  }

  /// The rate of reading memory from end to end, in GB/s.
  ///
  /// - Parameters:
  ///   - workers: The number of workers that read at the same time, each its own part.
  ///   - kernels: The instruction set.
  ///   - bytes: The size of the buffer; nil: four times the last-level cache and at least 256 MiB, but at most a quarter of the
  ///     memory.
  package static func readBandwidth(
    workers: Int, kernels: AnyKernelSet = Kernels.current, bytes: Int? = nil
  ) -> Double {
    let count = (bytes ?? defaultReadBytes) / workers / 4
    let buffer = UnsafeMutablePointer<Float>.allocate(capacity: count * workers)
    defer { buffer.deallocate() }
    // Pages that were never written are one and the same page of zeros, which stays in the cache. Each worker writes its own
    // part, so that on a machine with several memory nodes the part is on the worker's node.
    let part = Part(elements: buffer, count: count)
    _ = bestTime(workers: workers, repetitions: 1) { worker in
      (part.elements + worker * count).initialize(repeating: 1, count: count)
      return 0
    }
    let seconds = bestTime(workers: workers, repetitions: 6) { worker in
      kernels.readProbe(part.elements + worker * count, count: count)
    }
    return Double(count * workers * 4) / seconds * 1e-9
  }

  /// Memory that the workers share.
  private struct Part: @unchecked Sendable {
    let elements: UnsafeMutablePointer<Float>
    let count: Int
  }

  private static var defaultReadBytes: Int {
    let lastCache = ProcessorDescription.current.caches.map(\.bytes).max() ?? 0
    let memory = Int(clamping: ProcessInfo.processInfo.physicalMemory)
    return max(1 << 24, min(max(256 << 20, 4 * lastCache), memory / 4))
  }

  /// The approximate duration of a round of the probe. This also wakes the processor from power saving.
  private static func calibratedSecondsPerRound(_ kernels: AnyKernelSet) -> Double {
    let rounds = 100_000
    _ = bestTime(workers: 1, repetitions: 2) { _ in kernels.multiplyAddProbe(rounds: rounds) }
    return bestTime(workers: 1, repetitions: 3) { _ in kernels.multiplyAddProbe(rounds: rounds) } / Double(rounds)
  }

  /// The seconds from the moment all workers are ready until all are done, in the best of some repetitions.
  private static func bestTime(
    workers: Int, repetitions: Int, _ work: @Sendable (_ worker: Int) -> Float
  ) -> Double {
    let scheduler = Scheduler(workers: workers)
    var best = Double.infinity
    for _ in 0..<repetitions {
      let race = Race(runners: workers)
      // There are as many tiles as workers. A worker with a tile waits for the others at the start, so nobody runs two.
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

/// A common start for all runners, and the times of the first start and of the last finish.
private final class Race: Sendable {
  private let runners: Int
  private let arrived = Atomic<Int>(0)
  private let times = Mutex((start: UInt64.max, end: UInt64.zero, result: Float.zero))

  init(runners: Int) { self.runners = runners }

  /// Waits until all runners have arrived, but at most 20 ms, in case the machine is busy with something else. The measured rate
  /// is then lower than the limit, but never higher.
  func waitForAll() {
    arrived.add(1, ordering: .relaxed)
    let start = DispatchTime.now().uptimeNanoseconds
    while arrived.load(ordering: .relaxed) < runners, DispatchTime.now().uptimeNanoseconds - start < 20_000_000 {}
  }

  /// Records a runner's times. Keeping the result prevents the compiler from removing the work.
  func record(_ start: UInt64, _ end: UInt64, _ result: Float) {
    times.withLock { times in
      times = (min(times.start, start), max(times.end, end), times.result + result)
    }
  }

  var seconds: Double {
    times.withLock { $0.end > $0.start ? Double($0.end - $0.start) * 1e-9 : 1e-9 }
  }
}

/// The processor's name and caches, as reported by the operating system.
package struct ProcessorDescription: Sendable {
  /// A cache that a core uses.
  package struct Cache: Sendable {
    /// "L1d", "L2", "L3"
    package let name: String
    package let bytes: Int
  }

  /// For example "AMD EPYC 9654"; "unknown processor" if the system does not report it.
  package let name: String
  /// The caches from the nearest to the last, without instruction caches; empty if the system does not report them.
  package let caches: [Cache]
  /// The number of cores that the system lets this process use.
  package let cores: Int

  package static let current = ProcessorDescription()

  private init() {
    cores = ProcessInfo.processInfo.activeProcessorCount
    #if canImport(Darwin)
      name = Self.systemText("machdep.cpu.brand_string") ?? "unknown processor"
      // On chips with two kinds of cores, level 0 is the fast kind.
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
    /// The name in /proc/cpuinfo: "model name" on x86, "Model" or "Hardware" on some Arm boards.
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
