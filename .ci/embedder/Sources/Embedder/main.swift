// Learns XOR and measures the speed of a matrix product. .ci/check-embedder reads the output.

import ApusCore
import Dispatch

let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
let targets = IndexTensor([0, 1, 1, 0])
let model = withSeed(1) { MLP(.init(sizes: [2, 8, 2], activation: .tanh)) }
let optimizer = AdamW(model.parameters, learningRate: 0.05)
var loss = Float.infinity
for _ in 0..<300 {
  let (value, gradients) = valueAndGradients { crossEntropy(model(inputs), targets) }
  optimizer.step(gradients)
  loss = value.scalar
}
print("loss \(loss)")

// The best of many repetitions, because other programs can only slow down a repetition.
let size = 512
let (a, b) = (Tensor.randomNormal([size, size]), Tensor.randomNormal([size, size]))
var best = UInt64.max
for _ in 0..<100 {
  let start = DispatchTime.now().uptimeNanoseconds
  _ = a.matmul(b)
  best = min(best, DispatchTime.now().uptimeNanoseconds - start)
}
print("gigaflops \(2 * size * size * size / Int(best))")
