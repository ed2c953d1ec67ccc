// Workloads: a matrix product in optimization steps, from the definition to the kernels. See Docs/Reference/Kernels.md.
// Read next: ApusKernelsBaseline/MatMul/MicroKernel.swift, BlockedMatMul.swift.

import ApusKernelTypes
import ApusKernels
import ApusTensor

/// C = A·B for square matrices; each rung is faster than the one before. The first four are plain Swift without special
/// compiler flags, the others are this package's kernels.
let ladderWorkloads: [Workload] =
  [
    rung("1_definition") { a, b, c, n, _ in multiplyByDefinition(a, b, c, n) },
    rung("2_rows") { a, b, c, n, _ in multiplyRows(a, b, c, n) },
    rung("3_blocks") { a, b, c, n, _ in multiplyBlocks(a, b, c, n) },
    rung("4_packed") { a, b, c, n, _ in multiplyPacked(a, b, c, n) },
  ]
  + InstructionSet.supported.enumerated().map { index, set in
    rung("\(5 + index)_kernel_\(set)") { a, b, c, n, _ in multiply(set.kernels, a, b, c, n, .serial) }
  }
  + [
    rung("\(5 + InstructionSet.supported.count)_threads") { a, b, c, n, schedule in
      multiply(Kernels.current, a, b, c, n, schedule)
    }
  ]

private let size = 512

private func rung(
  _ name: String,
  _ multiply:
    @escaping @Sendable (
      UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>, _ n: Int, Schedule
    ) -> Void
) -> Workload {
  let cube = Double(size) * Double(size) * Double(size)
  return Workload(
    name: "ladder_\(name)_\(size)", limit: .multiplyAdds, operations: 2 * cube,
    prepare: { schedule in
      let (a, b) = withSeed(1) { (Tensor.randomNormal([size, size]), Tensor.randomNormal([size, size])) }
      var c = Tensor.zeros([size, size])
      return {
        a.withUnsafePointer { a in
          b.withUnsafePointer { b in c.withUnsafeMutablePointer { c in multiply(a, b, c, size, schedule) } }
        }
      }
    })
}

/// Rung 1, the definition: every element is the product of a row and a column. The elements of a column are a whole row
/// apart, each in a different cache line, and each sum is a chain of dependent additions.
private func multiplyByDefinition(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int
) {
  for i in 0..<n {
    for j in 0..<n {
      var sum: Float = 0
      for k in 0..<n { sum += a[i * n + k] * b[k * n + j] }
      c[i * n + j] = sum
    }
  }
}

/// Rung 2, the two inner loops exchanged: row i of C is a weighted sum of rows of B. All reads are along rows, and the
/// innermost loop has no dependency chain, so that the compiler can vectorize it.
private func multiplyRows(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int
) {
  for i in 0..<n {
    let row = c + i * n
    for j in 0..<n { row[j] = 0 }
    for k in 0..<n {
      let (factor, source) = (a[i * n + k], b + k * n)
      for j in 0..<n { row[j] += factor * source[j] }
    }
  }
}

/// Rung 3, blocking: a block of B that fits in the first-level cache (64 × 64 × 4 B = 16 KiB) is used by all rows of A
/// before the next one is loaded.
private func multiplyBlocks(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int
) {
  let block = 64
  for index in 0..<n * n { c[index] = 0 }
  for kStart in stride(from: 0, to: n, by: block) {
    for jStart in stride(from: 0, to: n, by: block) {
      let columns = min(block, n - jStart)
      for i in 0..<n {
        let row = c + i * n + jStart
        for k in kStart..<min(n, kStart + block) {
          let (factor, source) = (a[i * n + k], b + k * n + jStart)
          for j in 0..<columns { row[j] += factor * source[j] }
        }
      }
    }
  }
}

/// Rung 4, packing and a register tile: panels of eight columns of B are copied to contiguous memory, and 4 × 8 sums
/// stay in registers while k runs. So C is written once, and every loaded number is used in four or eight
/// multiplications.
private func multiplyPacked(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ n: Int
) {
  precondition(n % 8 == 0, "multiplyPacked: n must be a multiple of 8")
  let panel = UnsafeMutablePointer<Float>.allocate(capacity: 8 * n)
  defer { panel.deallocate() }
  for j in stride(from: 0, to: n, by: 8) {
    for k in 0..<n { (panel + 8 * k).update(from: b + k * n + j, count: 8) }
    let packed = UnsafeRawPointer(panel)
    for i in stride(from: 0, to: n, by: 4) {
      let row = a + i * n
      var (s0, s1, s2, s3) = (SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero, SIMD8<Float>.zero)
      for k in 0..<n {
        let right = packed.loadUnaligned(fromByteOffset: 32 * k, as: SIMD8<Float>.self)
        s0 += row[k] * right
        s1 += row[n + k] * right
        s2 += row[2 * n + k] * right
        s3 += row[3 * n + k] * right
      }
      let target = UnsafeMutableRawPointer(c + i * n + j)
      target.storeBytes(of: s0, as: SIMD8<Float>.self)
      target.storeBytes(of: s1, toByteOffset: 4 * n, as: SIMD8<Float>.self)
      target.storeBytes(of: s2, toByteOffset: 8 * n, as: SIMD8<Float>.self)
      target.storeBytes(of: s3, toByteOffset: 12 * n, as: SIMD8<Float>.self)
    }
  }
}

/// The last rungs, this package's kernels: larger tiles, fused multiply–adds and wider vectors where available, and
/// finally all cores.
private func multiply(
  _ kernels: AnyKernelSet, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
  _ n: Int, _ schedule: Schedule
) {
  kernels.matMul(
    MatMulArguments(
      m: n, n: n, k: n, a: MatrixOperand(a, rowStride: n), b: MatrixOperand(b, rowStride: n), c: c, cRowStride: n),
    schedule)
}
