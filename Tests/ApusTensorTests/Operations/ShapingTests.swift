// Reshaping, permuting, slicing and reductions compared with loops over indices.
// Read first: ApusTensor/Ops/Shaping.swift, Reductions.swift. Read next: LookupTests.swift.

import ApusTensor
import ApusTesting
import Testing

/// All indices of a shape, row-major.
private func indices(of shape: Shape) -> [[Int]] {
  shape.reduce([[]]) { heads, size in heads.flatMap { head in (0..<size).map { head + [$0] } } }
}

extension Tensor {
  /// The element at the given indices, one for each axis.
  fileprivate func element(_ index: [Int]) -> Float {
    scalars[zip(index, shape.strides).reduce(0) { $0 + $1.0 * $1.1 }]
  }
}

@Suite struct ShapingTests {
  private let x = Samples.normal([2, 3, 4])

  @Test func reshaping() {
    #expect(x.reshaped(to: [4, 6]).scalars == x.scalars && x.reshaped(to: [4, 6]).shape == [4, 6])
    #expect(x.reshaped(-1).shape == [24] && x.reshaped(3, -1).shape == [3, 8] && x.reshaped(2, 12).shape == [2, 12])
    #expect(Tensor.zeros([0, 3]).reshaped(3, -1).shape == [3, 0])
    #expect(Tensor([5]).reshaped(to: []).scalar == 5)
  }

  @Test func everyOrderOfFourAxes() {
    let x = Samples.normal([2, 3, 4, 5])
    for a in 0..<4 {
      for b in 0..<4 where b != a {
        for c in 0..<4 where c != a && c != b {
          let order = [a, b, c, 6 - a - b - c]
          let y = x.permuted(order)
          #expect(Array(y.shape) == order.map { x.shape[$0] })
          let expected = indices(of: y.shape).map { index in
            var source = [0, 0, 0, 0]
            for (axis, from) in order.enumerated() { source[from] = index[axis] }
            return x.scalars[((source[0] * 3 + source[1]) * 4 + source[2]) * 5 + source[3]]
          }
          #expect(y.scalars == expected, "\(order)")
        }
      }
    }
  }

  @Test func transposing() {
    #expect(Tensor.range(count: 6).reshaped(to: [2, 3]).transposed().scalars == [0, 3, 1, 4, 2, 5])
    #expect(x.transposed() == x.permuted([0, 2, 1]))
    let wide = Samples.normal([67, 130])
    #expect(wide.transposed().transposed() == wide && wide.transposed()[scalarAt: 129, 66] == wide[scalarAt: 66, 129])
  }

  @Test func slicesAlongEveryAxis() {
    for axis in 0..<3 {
      for start in 0...x.shape[axis] {
        for end in start...x.shape[axis] {
          let part = x.slice(start..<end, along: axis)
          let expected = indices(of: part.shape).map { index in
            var source = index
            source[axis] += start
            return x.element(source)
          }
          #expect(part.scalars == expected && part == x.slice(start..<end, along: axis - 3))
        }
      }
    }
  }

  @Test func splittingAndConcatenatingAreInverse() {
    let x = Samples.normal([4, 6, 2])
    for axis in 0..<3 {
      let parts = x.split(into: 2, along: axis)
      #expect(parts.count == 2 && parts[0].shape == parts[1].shape)
      #expect(concatenated(parts, along: axis) == x && concatenated(parts, along: axis - 3) == x)
    }
    let uneven = [x.slice(0..<1, along: 1), x.slice(1..<1, along: 1), x.slice(1..<6, along: 1)]
    #expect(concatenated(uneven, along: 1) == x)
    #expect(concatenated([Tensor([1, 2]), Tensor([3])], along: 0) == Tensor([1, 2, 3]))
  }

  /// f over the elements that share their indices on the remaining axes.
  private func naive(_ axes: Set<Int>, _ keeps: Bool, _ f: ([Float]) -> Float) -> Tensor {
    let shape = x.shape.reduced(along: Array(axes), keepingDimensions: keeps)
    var groups: [[Int]: [Float]] = [:]
    for index in indices(of: x.shape) {
      let key = index.enumerated().filter { !axes.contains($0.offset) }.map(\.element)
      groups[key, default: []].append(x.element(index))
    }
    let kept = indices(of: x.shape.reduced(along: Array(axes), keepingDimensions: false))
    return Tensor(kept.map { f(groups[$0] ?? []) }, shape: shape)
  }

  @Test func sumsAndMeansAlongEverySetOfAxes() {
    for bits in 0..<8 {
      let axes = (0..<3).filter { bits >> $0 & 1 == 1 }
      for keeps in [false, true] {
        let expected = naive(Set(axes), keeps) { Float($0.reduce(0.0) { $0 + Double($1) }) }
        let sum = x.sum(along: axes.reversed(), keepingDimensions: keeps)
        #expect(Comparison(sum, expected, absolute: 1e-6).isClose, "\(axes)")
        let count = axes.reduce(1) { $0 * x.shape[$1] }
        let mean = x.mean(along: axes.map { $0 - 3 }, keepingDimensions: keeps)
        #expect(Comparison(mean, expected * (1 / Float(count)), absolute: 1e-6).isClose, "\(axes)")
      }
    }
    #expect(Comparison(x.sum(), x.sum(along: [0, 1, 2]), absolute: 0).isClose && x.sum().shape == [])
    #expect(Tensor.zeros([0, 3]).sum(along: 0) == .zeros([3]) && Tensor.zeros([0, 3]).sum().scalar == 0)
    #expect(Tensor.zeros([3, 0]).sum(along: 1, keepingDimensions: true) == .zeros([3, 1]))
    #expect(Tensor(4).sum().scalar == 4 && Tensor(4).mean().scalar == 4)
  }

  @Test func extremaAlongEveryAxis() {
    for axis in 0..<3 {
      for keeps in [false, true] {
        #expect(x.max(along: axis, keepingDimensions: keeps) == naive([axis], keeps) { $0.max() ?? 0 })
        #expect(x.min(along: axis - 3, keepingDimensions: keeps) == naive([axis], keeps) { $0.min() ?? 0 })
      }
      let positions = x.argMax(along: axis)
      let expected = naive([axis], false) { values in Float(values.firstIndex(of: values.max() ?? 0) ?? -1) }
      #expect(positions.shape == expected.shape && positions.indices.map { Float($0) } == expected.scalars)
    }
    // Without an axis, the position is among all elements, like max() and min().
    #expect(Tensor([1, 3, 3, 2]).argMax() == IndexTensor([1], shape: []))
    let all = Tensor([1, -3, 9, 2, 9, -3], shape: [3, 2])
    #expect(all.argMax() == IndexTensor([2], shape: []) && all.argMin() == IndexTensor([1], shape: []))
    #expect(Tensor([1, .nan, 7, .nan], shape: [2, 2]).argMax().indices == [1] && Tensor(5).argMin().indices == [0])
    #expect(Tensor([-.infinity, -1, -.infinity]).max(along: 0).scalar == -1)
  }

  @Test func longSumsKeepTheirPrecision() {
    // Adding one by one in float32 has an error of 958; registers and blocks keep partial sums small.
    let x = Tensor(repeating: 0.1, shape: [1_000_000])
    #expect(abs(x.sum().scalar - 100_000) < 5)
    #expect(abs(x.reshaped(to: [1_000_000, 1]).sum(along: 0).scalars[0] - 100_000) < 30)
  }
}
