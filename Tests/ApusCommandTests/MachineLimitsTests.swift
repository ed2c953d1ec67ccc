// Checks that the measured limits are plausible. They are not compared with each other, as that would fail on a busy
// machine. Read first: Sources/ApusKernels/MachineLimits.swift.

import ApusKernels
import Testing

@Suite(.serialized) struct MachineLimitsTests {
  @Test(arguments: [1, 2, 3])
  func limitsArePlausible(_ workers: Int) {
    let peak = MachineLimits.multiplyAddPeak(workers: workers, seconds: 0.01)
    #expect(peak > 0.1 && peak < 1e6, "\(peak) GFLOP/s")
    let bandwidth = MachineLimits.readBandwidth(workers: workers, bytes: 8 << 20)
    #expect(bandwidth > 0.01 && bandwidth < 1e5, "\(bandwidth) GB/s")
  }

  @Test func processorIsDescribed() {
    let processor = ProcessorDescription.current
    #expect(!processor.name.isEmpty && processor.cores > 0)
    #expect(processor.caches.allSatisfy { $0.bytes > 0 })
  }
}
