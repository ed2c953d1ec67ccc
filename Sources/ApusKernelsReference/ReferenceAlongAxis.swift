// The naive twins of adding at strides, padding, and gather and scatter along an axis.
// Read first: ReferencePermute.swift, ReferenceGather.swift. Read next: ApusKernelsBaseline/Memory, the kernels.

extension Reference {
  /// All indices of a shape, in row-major order.
  private static func indices(_ sizes: [Int]) -> [[Int]] {
    (0..<sizes.reduce(1, *)).map { place in
      var (rest, index) = (place, sizes)
      for axis in sizes.indices.reversed() {
        index[axis] = rest % sizes[axis]
        rest /= sizes[axis]
      }
      return index
    }
  }

  /// Σ index · strides
  private static func offset(_ index: [Int], _ strides: [Int]) -> Int {
    zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 }
  }

  /// y[i₀ · strides₀ + i₁ · strides₁ + …] += x[i₀, i₁, …] for x of `sizes`.
  package static func addStrided<T: ReferenceScalar>(_ x: [T], to y: [T], sizes: [Int], strides: [Int]) -> [T] {
    var result = y
    for (value, index) in zip(x, indices(sizes)) { result[offset(index, strides)] += value }
    return result
  }

  /// A tensor of shape `padded` with x from the index `before` on, and `value` around it.
  package static func pad<T: ReferenceScalar>(
    _ x: [T], sizes: [Int], before: [Int], padded: [Int], value: T
  ) -> [T] {
    indices(padded).map { index in
      let place = zip(index, before).map { $0 - $1 }
      guard zip(place, sizes).allSatisfy({ $0 >= 0 && $0 < $1 }) else { return value }
      return x[zip(place, sizes).reduce(0) { $0 * $1.1 + $1.0 }]
    }
  }

  /// y[i] = x[i · strides + indices[i] · axisStride] for every index i within `sizes`; the stride of the indexed axis is 0.
  package static func gatherAlong<T: ReferenceScalar>(
    _ x: [T], indices places: [Int32], sizes: [Int], strides: [Int], axisStride: Int
  ) -> [T] {
    zip(places, indices(sizes)).map { x[offset($1, strides) + Int($0) * axisStride] }
  }

  /// y[i · strides + indices[i] · axisStride] = x[i], or += if `adds`, in the order of i.
  package static func scatterAlong<T: ReferenceScalar>(
    _ x: [T], indices places: [Int32], into y: [T], sizes: [Int], strides: [Int], axisStride: Int, adds: Bool
  ) -> [T] {
    var result = y
    for (position, index) in indices(sizes).enumerated() {
      let place = offset(index, strides) + Int(places[position]) * axisStride
      result[place] = adds ? result[place] + x[position] : x[position]
    }
    return result
  }

  /// y[o, i, ·] = x[o, indices[i], ·] for x [outer, count, inner].
  package static func indexSelect<T: ReferenceScalar>(
    _ x: [T], indices places: [Int32], outer: Int, count: Int, inner: Int
  ) -> [T] {
    (0..<outer).flatMap { o in
      places.flatMap { place in (0..<inner).map { x[(o * count + Int(place)) * inner + $0] } }
    }
  }

  /// y[o, indices[i], ·] += x[o, i, ·] in the order of i, for y [outer, count, inner].
  package static func indexAdd<T: ReferenceScalar>(
    _ x: [T], indices places: [Int32], to y: [T], outer: Int, count: Int, inner: Int
  ) -> [T] {
    var result = y
    for o in 0..<outer {
      for (i, place) in places.enumerated() {
        for j in 0..<inner {
          result[(o * count + Int(place)) * inner + j] += x[(o * places.count + i) * inner + j]
        }
      }
    }
    return result
  }
}
