// The same bits with any number of workers: one forward and backward pass in processes with 1, 2, 3 and 8 workers.
// Read first: ApusKernels/Scheduler/Scheduler.swift.

import ApusTensor
import ApusTesting
import Foundation
import Testing

@Suite struct WorkerTests {
  /// A hash (FNV-1a) of the loss and all gradients of one step that runs every kernel that is split into tiles.
  fileprivate static func digestOfAStep() -> String {
    let width = 96
    let table = Variable(Samples.normal([50, width]))
    let projection = Variable(Samples.normal([3 * width, width], seed: 2) * 0.1)
    let (scale, shift) = (Variable(.ones([width])), Variable(Samples.normal([width], seed: 3)))
    let out = Variable(Samples.normal([50, width], seed: 4) * 0.1)
    let tokens = Samples.indices([4, 80], below: 50)
    let (loss, gradients) = withSeed(7) {
      valueAndGradients {
        let x = table.value.gathering(tokens)
        let normal = layerNorm(x, weight: scale.value, bias: shift.value)
        let y = x + selfAttention(linear(normal, weight: projection.value), heads: 4).droppingOut(probability: 0.1)
        let z =
          (y * shift.value).permuted([1, 0, 2]).softmax().permuted([1, 0, 2])
          + y.mean(along: 1, keepingDimensions: true)
        let logits = linear(z, weight: out.value, activation: .gelu)
        return crossEntropy(logits, Samples.indices([4, 80], below: 50, seed: 5)) + y.squared().mean()
      }
    }
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    let all = [loss] + [table, projection, scale, shift, out].compactMap { gradients[$0] }
    for value in all.flatMap(\.scalars) { hash = (hash ^ UInt64(value.bitPattern)) &* 0x100_0000_01B3 }
    return "\(all.count) tensors, loss \(loss.scalar), bits \(String(hash, radix: 16))"
  }

  @Test func anyNumberOfWorkersGivesTheSameBits() async throws {
    var digests: [String] = []
    for workers in [1, 2, 3, 8] {
      // The number of workers is determined at the first use of a kernel, so the variable is set in a new process.
      let result = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
        [workers = workers as Int] in
        setenv("APUS_THREADS", "\(workers)", 1)
        print("digest: \(WorkerTests.digestOfAStep()).")
      }
      let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
      digests.append(
        try #require(output.split(separator: "\n").first { $0.hasPrefix("digest: 6 tensors") }.map(String.init)))
    }
    #expect(Set(digests).count == 1, "\(digests)")
  }
}
