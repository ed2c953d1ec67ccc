// The choice of an instruction set and of the number of workers, made once.
// Read first: ApusKernelTypes/Kernels/KernelSet.swift. Read next: Kernels.swift.

package import ApusKernelTypes
import ApusKernelsBaseline
import Foundation

#if APUS_X86_KERNELS
  import ApusKernelsAVX2
  import ApusKernelsAVX512
  import _Builtin_intrinsics.intel.cpuid
#endif

/// An instruction set for which the kernels were compiled.
package enum InstructionSet: String, CaseIterable, Comparable, Sendable {
  case baseline
  case avx2
  case avx512

  package static func < (a: InstructionSet, b: InstructionSet) -> Bool {
    allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
  }

  /// The instruction sets that this processor and its operating system can run, from the narrowest to the widest.
  package static let supported: [InstructionSet] = {
    #if APUS_X86_KERNELS
      let best = min(Processor.instructionSet, Processor.instructionSetOfOperatingSystem)
      return allCases.filter { $0 <= best }
    #else
      return [.baseline]
    #endif
  }()

  /// The kernels compiled for this instruction set.
  package var kernels: AnyKernelSet {
    switch self {
    case .baseline: return ApusKernelsBaseline.SIMDKernels.self
    #if APUS_X86_KERNELS
      case .avx2: return ApusKernelsAVX2.SIMDKernels.self
      case .avx512: return ApusKernelsAVX512.SIMDKernels.self
    #else
      default: return ApusKernelsBaseline.SIMDKernels.self
    #endif
    }
  }
}

/// The chosen instruction set and number of workers.
package struct KernelSelection: Sendable {
  package let instructionSet: InstructionSet
  /// The number of workers of every operation.
  package let workers: Int
  /// The reason for the choice, as `apus info` prints it.
  package let reason: String

  /// The choice for this process, from APUS_ISA and APUS_THREADS; an invalid value ends the process with a message.
  package static let current: KernelSelection = {
    let environment = ProcessInfo.processInfo.environment
    do throws(Failure) {
      return try KernelSelection(environment: environment)
    } catch {
      FileHandle.standardError.write(Data("\(error.message)\n".utf8))
      exit(78)  // EX_CONFIG
    }
  }()

  /// An environment variable that asks for something impossible.
  package struct Failure: Error {
    package let message: String
  }

  package init(environment: [String: String]) throws(Failure) {
    let supported = InstructionSet.supported
    if let name = environment["APUS_ISA"] {
      guard let asked = InstructionSet(rawValue: name) else {
        throw Failure(
          message:
            "APUS_ISA=\(name): no such instruction set (expected \(InstructionSet.allCases.map(\.rawValue).joined(separator: ", ")))"
        )
      }
      guard supported.contains(asked) else {
        throw Failure(
          message:
            "APUS_ISA=\(name): not supported by this processor (it can run \(supported.map(\.rawValue).joined(separator: ", ")))"
        )
      }
      instructionSet = asked
      reason = "forced by APUS_ISA"
    } else {
      instructionSet = supported[supported.count - 1]
      reason = "the widest that this processor and system support"
    }
    let cores = ProcessInfo.processInfo.activeProcessorCount
    if let text = environment["APUS_THREADS"] {
      guard let count = Int(text), (1...256).contains(count) else {
        throw Failure(message: "APUS_THREADS=\(text): expected a number of threads from 1 to 256")
      }
      workers = count
    } else {
      workers = min(256, max(1, cores))
    }
  }
}

#if APUS_X86_KERNELS
  /// The instruction sets that the processor and the operating system report.
  private enum Processor {
    static let instructionSet: InstructionSet = {
      var (a, b, c, d): (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
      guard __get_cpuid_count(1, 0, &a, &b, &c, &d) == 1 else { return .baseline }
      let (fma, osSavesVectors, avx) = (c >> 12 & 1, c >> 27 & 1, c >> 28 & 1)
      guard fma & osSavesVectors & avx == 1, __get_cpuid_count(7, 0, &a, &b, &c, &d) == 1, b >> 5 & 1 == 1 else {
        return .baseline
      }
      let (foundation, doubleQuad, byteWord, vectorLength) = (b >> 16 & 1, b >> 17 & 1, b >> 30 & 1, b >> 31 & 1)
      return foundation & doubleQuad & byteWord & vectorLength == 1 ? .avx512 : .avx2
    }()

    /// The widest set that the system lets programs use: an operating system may not enable the wide registers. (The instruction
    /// that asks for this, xgetbv, is not available in Swift, so this reads /proc/cpuinfo.)
    static let instructionSetOfOperatingSystem: InstructionSet = {
      #if os(Linux)
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8),
          let line = text.split(separator: "\n").first(where: { $0.hasPrefix("flags") })
        else { return .avx512 }
        let flags = Set(line.split(separator: " "))
        if flags.isSuperset(of: ["avx512f", "avx512dq", "avx512bw", "avx512vl"]) { return .avx512 }
        return flags.isSuperset(of: ["avx2", "fma"]) ? .avx2 : .baseline
      #else
        return .avx512
      #endif
    }()
  }
#endif
