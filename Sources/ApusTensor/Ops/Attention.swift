// Scaled dot-product attention (Vaswani et al., arXiv:1706.03762), tiled: no matrix of T×T scores is stored.
// Read first: ApusKernelsReference/ReferenceAttention.swift, AttentionMask.swift. Read next: CachedAttention.swift.

import ApusKernelTypes
import ApusKernels

/// softmax(scale · Q·Kᵀ + mask) · V for every head.
///
/// - Parameters:
///   - query: [batch, heads, queries, size]
///   - key: [batch, key heads, keys, size]; heads must be a multiple of the key heads, and query head h reads key head
///     h · key heads / heads.
///   - value: [batch, key heads, keys, value size]
///   - mask: which keys are seen. A query that sees none gets zeros (and gradient zero).
///   - scale: 1/√size if nil.
/// - Returns: [batch, heads, queries, value size]
/// - Complexity: 2·queries·keys·(size + value size) operations a head (half of that if causal); memory for the row sums only.
public func scaledDotProductAttention(
  query: Tensor, key: Tensor, value: Tensor, mask: AttentionMask = .none, scale: Float? = nil
) -> Tensor {
  let (q, k, v) = (query.shape, key.shape, value.shape)
  require(
    q.rank == 4 && k.rank == 4 && v.rank == 4 && q[0] == k[0] && k[0] == v[0] && k[1] == v[1] && k[2] == v[2]
      && q[3] == k[3] && k[1] > 0 && q[1] % k[1] == 0,
    "scaledDotProductAttention: query \(q), key \(k), value \(v) (expected [B, H, Tq, D], [B, Hk, Tk, D], [B, Hk, Tk, Dv])"
  )
  let result = Shape([q[0], q[1], q[2], v[3]])
  let plan = AttentionPlan(
    shape: AttentionShape(
      batch: q[0], heads: q[1], keyHeads: k[1], queryLength: q[2], keyLength: k[2], headSize: q[3], valueSize: v[3],
      scale: scale ?? 1 / Float(q[3]).squareRoot()),
    query: .heads(q), key: .heads(k), value: .heads(v), result: .heads(result), mask: mask)
  return plan.attend(query, key, value, resultShape: result)
}

/// Attention on projections with the heads side by side in the last axis, as linear layers give them: no copies.
///
/// - Parameters:
///   - query: [batch, queries, heads · size]
///   - key: [batch, keys, key heads · size]
///   - value: [batch, keys, key heads · value size]
///   - heads: the number of query heads.
///   - keyHeads: the number of key and value heads; nil: as many.
/// - Returns: [batch, queries, heads · value size]
public func attention(
  query: Tensor, key: Tensor, value: Tensor, heads: Int, keyHeads: Int? = nil, mask: AttentionMask = .none,
  scale: Float? = nil
) -> Tensor {
  let groups = keyHeads ?? heads
  let (q, k, v) = (query.shape, key.shape, value.shape)
  require(
    q.rank == 3 && k.rank == 3 && v.rank == 3 && q[0] == k[0] && k[0] == v[0] && k[1] == v[1] && heads > 0
      && groups > 0 && heads % groups == 0 && q[2] % heads == 0 && k[2] % groups == 0 && v[2] % groups == 0
      && q[2] / heads == k[2] / groups,
    "attention: query \(q), key \(k), value \(v) with \(heads) heads, \(groups) key heads (expected [B, T, heads · size])"
  )
  let (size, valueSize) = (q[2] / heads, v[2] / groups)
  let plan = AttentionPlan(
    shape: AttentionShape(
      batch: q[0], heads: heads, keyHeads: groups, queryLength: q[1], keyLength: k[1], headSize: size,
      valueSize: valueSize, scale: scale ?? 1 / Float(size).squareRoot()),
    query: HeadStrides(batch: q[1] * q[2], time: q[2], head: size),
    key: HeadStrides(batch: k[1] * k[2], time: k[2], head: size),
    value: HeadStrides(batch: v[1] * v[2], time: v[2], head: valueSize),
    result: HeadStrides(batch: q[1] * heads * valueSize, time: heads * valueSize, head: valueSize), mask: mask)
  var resultShape = q
  resultShape[2] = heads * valueSize
  return plan.attend(query, key, value, resultShape: resultShape)
}

/// Self-attention on one projection that holds queries, keys and values side by side: no copies, one gradient.
///
/// - Parameters:
///   - projection: [batch, length, 3 · heads · size]: all queries, all keys, all values.
///   - heads: their number.
/// - Returns: [batch, length, heads · size]
public func selfAttention(
  _ projection: Tensor, heads: Int, mask: AttentionMask = .causal, scale: Float? = nil
) -> Tensor {
  let shape = projection.shape
  require(
    shape.rank == 3 && heads > 0 && shape[2] % (3 * heads) == 0,
    "selfAttention: projection \(shape) with \(heads) heads (expected [B, T, 3 · heads · size])")
  let (batch, length, width) = (shape[0], shape[1], shape[2] / 3)
  let size = width / heads
  let strides = HeadStrides(batch: length * 3 * width, time: 3 * width, head: size)
  let plan = AttentionPlan(
    shape: AttentionShape(
      batch: batch, heads: heads, keyHeads: heads, queryLength: length, keyLength: length, headSize: size,
      valueSize: size, scale: scale ?? 1 / Float(size).squareRoot()),
    query: strides, key: strides, value: strides,
    result: HeadStrides(batch: length * width, time: width, head: size), mask: mask)
  let logSumExp = plan.statistics(isNeeded: projection.isTracked || (mask.bias?.isTracked ?? false))
  let result = Tensor(uninitialized: [batch, length, width]) { output in
    read(projection) { x in plan.forward(x, x + width, x + 2 * width, output, logSumExp) }
  }
  return result.recorded("selfAttention") {
    wrt([projection, mask.bias]) { dOutput, isTracked in
      let biasGradient = isTracked[1] ? plan.biasGradientBuffer() : nil
      let gradient = Tensor(uninitialized: projection.shape) { dx in
        read(projection, result, dOutput) { x, output, dOutput in
          plan.backward(
            (x, x + width, x + 2 * width), output: output, logSumExp, dOutput, (dx, dx + width, dx + 2 * width),
            biasGradient)
        }
      }
      return [gradient, plan.biasGradient(from: biasGradient)]
    }
  }
}

extension HeadStrides {
  /// The strides of a contiguous [B, H, T, D].
  fileprivate static func heads(_ shape: Shape) -> HeadStrides {
    HeadStrides(batch: shape[1] * shape[2] * shape[3], time: shape[3], head: shape[2] * shape[3])
  }
}

/// One attention: sizes, where heads lie, and the mask in the kernel's terms.
struct AttentionPlan {
  var shape: AttentionShape
  var query: HeadStrides
  var key: HeadStrides
  var value: HeadStrides
  var result: HeadStrides
  let mask: AttentionMask
  /// What is added to the scores, its key axis whole, so that rows of keys are contiguous.
  private var bias: Tensor?

  /// - Parameter biasColumns: the keys that the mask's bias has a place for, if more than there are: those behind are not read.
  init(
    shape: AttentionShape, query: HeadStrides, key: HeadStrides, value: HeadStrides, result: HeadStrides,
    mask: AttentionMask, biasColumns: Int? = nil
  ) {
    (self.shape, self.query, self.key, self.value, self.result) = (shape, query, key, value, result)
    self.mask = mask
    self.shape.causalOffset = mask.causalOffset
    if let lengths = mask.keyLengths {
      require(
        lengths.shape == [shape.batch], "attention: key lengths \(lengths.shape) for a batch of \(shape.batch)")
    }
    let columns = max(shape.keyLength, biasColumns ?? 0)
    var scores = Shape()
    scores.append(shape.batch)
    scores.append(shape.heads)
    scores.append(shape.queryLength)
    scores.append(columns)
    func check(_ part: Tensor?, _ what: StaticString) {
      guard let part else { return }
      require(
        part.rank <= 4 && Shape.broadcast(part.shape, scores) == scores,
        "attention: a \(what) of shape \(part.shape) for scores \(scores)")
    }
    check(mask.allowed, "mask")
    check(mask.bias, "bias")
    if let given = mask.detached.scores { bias = prepare(given, columns: columns) }
  }

  private mutating func prepare(_ given: Tensor, columns: Int) -> Tensor {
    var sizes: Shape = [1, 1, 1, columns]
    for axis in 0..<max(0, given.rank - 1) { sizes[4 - given.rank + axis] = given.shape[axis] }
    var view = sizes
    view[3] = given.shape.last ?? 1
    let rows = given.viewed(as: view).broadcast(to: sizes)
    let plane = sizes[2] * columns
    shape.biasStrides = HeadStrides(
      batch: sizes[0] == 1 ? 0 : sizes[1] * plane, time: sizes[2] == 1 ? 0 : columns,
      head: sizes[1] == 1 ? 0 : plane)
    return rows
  }

  func statistics(isNeeded: Bool) -> Storage? {
    isNeeded ? Storage(count: shape.batch * shape.heads * shape.queryLength) : nil
  }

  /// Queries, keys and values in three tensors: forward, and their three gradients.
  func attend(_ q: Tensor, _ k: Tensor, _ v: Tensor, resultShape: Shape) -> Tensor {
    let isTracked = q.isTracked || k.isTracked || v.isTracked || (mask.bias?.isTracked ?? false)
    let logSumExp = statistics(isNeeded: isTracked)
    let output = Tensor(uninitialized: resultShape) { output in
      read(q, k, v) { q, k, v in forward(q, k, v, output, logSumExp) }
    }
    return output.recorded("attention") {
      wrt([q, k, v, mask.bias]) { dOutput, isTracked in
        let (dq, dk) = (Storage(count: q.elementCount), Storage(count: k.elementCount))
        let biasGradient = isTracked[3] ? biasGradientBuffer() : nil
        let dv = Tensor(uninitialized: v.shape) { dv in
          read(q, k, v) { q, k, v in
            read(output, dOutput) { output, dOutput in
              backward(
                (q, k, v), output: output, logSumExp, dOutput, (dq.elements, dk.elements, dv), biasGradient)
            }
          }
        }
        return [
          Tensor(shape: q.shape, storage: dq), Tensor(shape: k.shape, storage: dk), dv,
          self.biasGradient(from: biasGradient),
        ]
      }
    }
  }

  func forward(
    _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ logSumExp: Storage?
  ) {
    withMask { shape in
      Kernels.table.attentionForward(arguments(shape, q, k, v, output, logSumExp), Kernels.schedule)
    }
  }

  func backward(
    _ inputs: (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>), output: UnsafePointer<Float>,
    _ logSumExp: Storage?, _ dOutput: UnsafePointer<Float>,
    _ gradients: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>),
    _ biasGradient: Tensor?
  ) {
    withMask { shape in
      readOptional(biasGradient) { dBias in
        Kernels.table.attentionBackward(
          AttentionBackwardArguments(
            forward: arguments(
              shape, inputs.0, inputs.1, inputs.2, UnsafeMutablePointer(mutating: output), logSumExp),
            outputGradient: dOutput, outputGradientStrides: result, queryGradient: gradients.0,
            keyGradient: gradients.1, valueGradient: gradients.2,
            biasGradient: dBias.map { UnsafeMutablePointer(mutating: $0) }),
          Kernels.schedule)
      }
    }
  }

  private func arguments(
    _ shape: AttentionShape, _ q: UnsafePointer<Float>, _ k: UnsafePointer<Float>, _ v: UnsafePointer<Float>,
    _ output: UnsafeMutablePointer<Float>, _ logSumExp: Storage?
  ) -> AttentionForwardArguments {
    AttentionForwardArguments(
      shape: shape, query: q, queryStrides: query, key: k, keyStrides: key, value: v, valueStrides: value,
      output: output, outputStrides: result, logSumExp: logSumExp?.elements)
  }

  private func withMask(_ body: (AttentionShape) -> Void) {
    readOptional(bias) { bias in
      var shape = shape
      shape.bias = bias
      guard let lengths = mask.keyLengths else {
        body(shape)
        return
      }
      lengths.indices.withUnsafeBufferPointer {
        shape.keyLengths = $0.baseAddress
        body(shape)
      }
    }
  }

  /// Memory for the gradient of every attention score, from which the bias gets its gradient.
  func biasGradientBuffer() -> Tensor {
    Tensor(uninitialized: [shape.batch, shape.heads, shape.queryLength, shape.keyLength]) { _ in }
  }

  func biasGradient(from buffer: Tensor?) -> Tensor? {
    guard let buffer, let given = mask.bias else { return nil }
    return buffer.summed(to: given.shape)
  }
}
