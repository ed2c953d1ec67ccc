// The choice of an instruction set and of the number of workers, and the messages for invalid values.
// Read first: ApusKernels/KernelSelection.swift.

import ApusKernelTypes
import ApusKernels
import Foundation
import Testing

extension KernelTests {
  @Suite struct KernelSelectionTests {
    private func message(_ environment: [String: String]) -> String? {
      do throws(KernelSelection.Failure) {
        _ = try KernelSelection(environment: environment)
        return nil
      } catch {
        return error.message
      }
    }

    @Test func supported() {
      let supported = InstructionSet.supported
      #expect(supported.first == .baseline)
      // From the narrowest to the widest, without gaps.
      #expect(supported == Array(InstructionSet.allCases.prefix(supported.count)))
      #expect(InstructionSet.baseline < .avx2)
      #expect(InstructionSet.avx2 < .avx512)
    }

    @Test(arguments: InstructionSet.supported)
    func sets(_ set: InstructionSet) {
      let kernels = set.kernels
      #if arch(arm64)
        #expect(kernels.name == "NEON")
      #else
        #expect(kernels.name == [.baseline: "SSE2", .avx2: "AVX2+FMA", .avx512: "AVX-512"][set])
      #endif
      #expect(kernels.laneCount == [.baseline: 4, .avx2: 8, .avx512: 16][set])
      #expect(kernels.tile.columns % kernels.laneCount == 0)
      #expect(kernels.tile.rows > 1)
    }

    @Test func chosenWithoutVariables() throws {
      let selection = try KernelSelection(environment: ["PATH": "/bin"])
      #expect(selection.instructionSet == InstructionSet.supported.last)
      #expect(selection.workers == min(256, ProcessInfo.processInfo.activeProcessorCount))
      #expect(selection.reason.contains("widest"))
    }

    @Test(arguments: InstructionSet.supported)
    func forced(_ set: InstructionSet) throws {
      let selection = try KernelSelection(environment: ["APUS_ISA": set.rawValue, "APUS_THREADS": "3"])
      #expect(selection.instructionSet == set)
      #expect(selection.workers == 3)
      #expect(selection.reason == "forced by APUS_ISA")
    }

    @Test func unknownInstructionSet() {
      for name in ["sse9", "", "AVX2", "avx2 "] {
        #expect(
          message(["APUS_ISA": name])
            == "APUS_ISA=\(name): no such instruction set (expected baseline, avx2, avx512)")
      }
    }

    @Test func unsupportedInstructionSet() {
      let supported = InstructionSet.supported.map(\.rawValue).joined(separator: ", ")
      for set in InstructionSet.allCases where !InstructionSet.supported.contains(set) {
        #expect(
          message(["APUS_ISA": set.rawValue])
            == "APUS_ISA=\(set.rawValue): not supported by this processor (it can run \(supported))")
      }
    }

    @Test func badNumberOfThreads() {
      for text in ["0", "-1", "257", "two", "", "1.5", " 2"] {
        #expect(
          message(["APUS_THREADS": text]) == "APUS_THREADS=\(text): expected a number of threads from 1 to 256")
      }
      #expect(message(["APUS_THREADS": "1"]) == nil)
      #expect(message(["APUS_THREADS": "256"]) == nil)
    }

    /// The floor above uses the current choice.
    @Test func kernelsInUse() {
      #expect(Kernels.current.name == KernelSelection.current.instructionSet.kernels.name)
      #expect(Kernels.scheduler.workers == KernelSelection.current.workers)
      #expect(Kernels.schedule.workers == KernelSelection.current.workers)
    }
  }
}
