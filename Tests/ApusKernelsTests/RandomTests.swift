// Philox against its published test vectors, and uniform numbers and dropout: the bits of the twins.
// Read first: KernelTests.swift, ApusKernelsReference/ReferenceRandom.swift.

import ApusKernelTypes
import ApusKernels
import ApusKernelsReference
import Testing

extension KernelTests {
  @Suite struct RandomTests {
    /// The known answers for philox4x32-10 in Random123's kat_vectors.
    @Test func knownAnswers() {
      let ones = UInt32.max
      #expect(
        Reference.philox(counter: SIMD4(repeating: 0), key: SIMD2(repeating: 0))
          == SIMD4(0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8))
      #expect(
        Reference.philox(counter: SIMD4(repeating: ones), key: SIMD2(repeating: ones))
          == SIMD4(0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD))
      #expect(
        Reference.philox(
          counter: SIMD4(0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344), key: SIMD2(0xA409_3822, 0x299F_31D0))
          == SIMD4(0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1))
    }

    @Test(arguments: InstructionSet.supported)
    func firstWordsOfTheKernel(_ set: InstructionSet) {
      let words: [UInt32] = [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]
      let y = result(count: 4, "first words") { set.kernels.uniform($0, count: 4, key: 0, stream: 0, $1) }
      #expect(y == words.map { Float($0 >> 8) / 16_777_216 })
    }

    private let streams: [(key: UInt64, stream: UInt64)] = [
      (0, 0), (1, 0), (0, 1), (0x0123_4567_89AB_CDEF, 0xFEDC_BA98_7654_3210), (.max, .max),
    ]

    @Test(arguments: InstructionSet.supported)
    func uniform(_ set: InstructionSet) {
      for count in set.kernels.countsAroundEdges + [3, 5, 4_095, 4_096, 4_097] {
        for (key, stream) in streams {
          let what = "\(set) \(count) of stream \(stream), key \(key)"
          let y = result(count: count, what) { set.kernels.uniform($0, count: count, key: key, stream: stream, $1) }
          expectSame(y, Reference.uniform(count: count, key: key, stream: stream), what)
        }
      }
    }

    @Test(arguments: InstructionSet.supported, [Float(0), 0.1, 0.5, 0.9, 1])
    func dropout(_ set: InstructionSet, _ keep: Float) {
      for count in set.kernels.countsAroundEdges + [3, 5, 4_095, 4_096, 4_097] {
        let (key, stream) = streams[count % streams.count]
        let x = Reference.numbers(count, seed: 1)
        let what = "\(set) dropout of \(count), keeping \(keep)"
        let y = result(count: count, what) {
          set.kernels.dropout(x, $0, count: count, keep: keep, key: key, stream: stream, $1)
        }
        let expected = Reference.dropout([Double](x), keep: Double(keep), key: key, stream: stream)
        // 1 / keep and the product are rounded; dropped elements are exactly 0.
        expectClose(y, expected, relative: 2 * roundoff, what)
        let inPlace = result(into: x, what) {
          set.kernels.dropout(UnsafePointer($0), $0, count: count, keep: keep, key: key, stream: stream, $1)
        }
        expectSame(inPlace, y, "\(what), in place")
      }
    }

    /// The numbers in 64 bins are evenly distributed: χ² with 63 degrees of freedom is within 6 σ of 63.
    @Test func uniformIsUniform() {
      let count = 64 * 4_000
      let y = result(count: count, "bins") {
        InstructionSet.baseline.kernels.uniform($0, count: count, key: 42, stream: 7, $1)
      }
      var bins = [Double](repeating: 0, count: 64)
      for value in y { bins[Int(value * 64)] += 1 }
      let chiSquare = bins.reduce(0) { $0 + ($1 - 4_000) * ($1 - 4_000) / 4_000 }
      #expect(abs(chiSquare - 63) < 6 * (2 * 63).squareRoot())
    }
  }
}
