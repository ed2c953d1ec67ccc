import ApusKernels
import ApusKernelTypes
import Foundation
func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
func best(_ n: Int = 20, _ f: () -> Void) -> Double { f(); var b = 1e9; for _ in 0..<n { let t = now(); f(); b = min(b, now() - t) }; return b }
nonisolated(unsafe) let table = Kernels.table
nonisolated(unsafe) var peak = [1: 0.0, 2: 0.0]
for w in [1, 2] { let s = Scheduler(workers: w).schedule
  let t = best { s.run(w) { _, _ in _ = table.multiplyAddProbe(200_000) } }
  peak[w] = Double(w * 200_000 * table.multiplyAddsPerRound * 2) / t / 1e9 }
print(table.name, peak)
func gemm(_ m: Int, _ n: Int, _ k: Int, _ ta: Bool = false, _ tb: Bool = false) {
  let a = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*m*k))), b = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*n*k))), c = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*n*m)))
  for i in 0..<m*k { a[i] = Float(i % 7) * 0.1 }; for i in 0..<n*k { b[i] = Float(i % 5) * 0.1 }; c.update(repeating: 0, count: m*n)
  var line = "gemm \(m)x\(n)x\(k) \(ta ? "T" : "N")\(tb ? "T" : "N")"
  for w in [1, 2] { let s = Scheduler(workers: w).schedule
    let p = MatMulArguments(m: m, n: n, k: k, a: MatrixOperand(a, rowStride: ta ? m : k, isTransposed: ta), b: MatrixOperand(b, rowStride: tb ? k : n, isTransposed: tb), c: c, cRowStride: n)
    let t = best { table.matMul(p, s) }; let g = 2*Double(m)*Double(n)*Double(k)/t/1e9
    line += String(format: "  w%d %7.1f (%4.1f%%) %8.1fus", w, g, g/peak[w]!*100, t*1e6) }
  print(line)
}
gemm(1024,1024,1024); gemm(1024,1024,1024,false,true); gemm(1024,1024,1024,true,false)
gemm(256,256,256); gemm(256,3072,768,false,true)
for (n,k) in [(384,128),(128,128),(512,128),(128,512),(65,128)] { gemm(768,n,k,false,true); gemm(768,k,n,false,false); gemm(n,k,768,true,false) }
gemm(1,3072,768,false,true); gemm(1,768,3072)
for (B,T,H,D) in [(1,512,12,64),(12,64,4,32)] {
  let n = B*T*H*D
  func buf(_ n: Int) -> UnsafeMutablePointer<Float> { let p = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*n))); for i in 0..<n { p[i] = Float((i*7919) % 17) * 0.1 - 0.8 }; return p }
  let q = buf(n), k = buf(n), v = buf(n), o = buf(n), dO = buf(n), dq = buf(n), dk = buf(n), dv = buf(n), lse = buf(B*H*T)
  let st = HeadStrides(batch: T*H*D, time: H*D, head: D)
  var sh = AttentionShape(batch: B, heads: H, keyHeads: H, queryLength: T, keyLength: T, headSize: D, valueSize: D, scale: 0.125); sh.causalOffset = 0
  let f = AttentionForwardArguments(shape: sh, query: q, queryStrides: st, key: k, keyStrides: st, value: v, valueStrides: st, output: o, outputStrides: st, logSumExp: lse)
  let bw = AttentionBackwardArguments(forward: f, outputGradient: dO, outputGradientStrides: st, queryGradient: dq, keyGradient: dk, valueGradient: dv)
  for w in [1,2] { let s = Scheduler(workers: w).schedule
    let t = best { table.attentionForward(f, s) }, u = best { table.attentionBackward(bw, s) }
    let fl = 2.0*Double(B*H)*Double(T*T)*Double(D) // causal half of 2 gemms*2
    print("attention \(B)x\(H)x\(T)x\(D) w\(w) fwd \(t*1e3) ms \(fl/t/1e9) GF; bwd \(u*1e3) ms \(fl*2.5/u/1e9) GF") }
}
let x = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*512*3072))), y = UnsafeMutablePointer<Float>(OpaquePointer(BufferPool.shared.take(bytes: 4*512*3072)))
for i in 0..<512*3072 { x[i] = Float(i % 19) * 0.2 - 2 }
for op in UnaryOperation.allCases { let n = 512*3072; for w in [1,2] { let s = Scheduler(workers: w).schedule; let t = best { table.unary(op, x, y, n, s) }; let u = best { table.unaryBackward(op, x, x, y, n, s) }; print(op, "w\(w)", t*1e3, "ms", u*1e3) } }
