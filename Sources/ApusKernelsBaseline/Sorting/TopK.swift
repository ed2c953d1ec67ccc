// The k largest or smallest elements along an axis, in order, without sorting the rest.
// Read first: SortKeys.swift. Read next: ApusTensor/Ops/Sorting.swift.

package import ApusKernelTypes

/// Up to this k, candidates are inserted into a sorted list one by one.
private let fewElements = 16

extension SIMDKernels {
  /// values[o, ·, i] ← the k best of x[o, ·, i], the best first, equal ones in the order of their positions; NaN is the largest.
  ///
  /// A line is read once. Vectors in which no element beats the k-th best so far, almost all of them in a long line, are
  /// skipped with one comparison. Candidates are collected, and sorted whenever k more of them have been found.
  package static func topK(
    _ x: UnsafePointer<Float>, _ values: UnsafeMutablePointer<Float>, _ positions: UnsafeMutablePointer<Int32>,
    outer: Int, count: Int, inner: Int, k: Int, isLargest: Bool, _ schedule: Schedule
  ) {
    guard k > 0 else { return }
    let capacity = k <= fewElements ? k : min(count, k + max(k, 256))
    // Lines along an axis other than the last are copied into contiguous memory.
    let copy = inner == 1 ? 0 : count
    forEachRowChunk(rows: outer * inner, width: count, elements: 8_192, schedule) { lines in
      let scratch = ScratchBuffer(count: 4 * capacity + digitCounts + copy)
      defer { scratch.free() }
      let keys = UnsafeMutableRawPointer(scratch.pointer).bindMemory(to: UInt64.self, capacity: 2 * capacity)
      let counts = UnsafeMutableRawPointer(scratch.pointer + 4 * capacity)
        .bindMemory(to: UInt32.self, capacity: digitCounts)
      let gathered = scratch.pointer + 4 * capacity + digitCounts
      for index in lines {
        let (o, i) = (index / inner, index % inner)
        let start = o * count * inner + i
        for r in 0..<copy { gathered[r] = x[start + r * inner] }
        let line = inner == 1 ? x + start : UnsafePointer(gathered)
        let best =
          k <= fewElements
          ? selectFew(line, count: count, k: k, isLargest: isLargest, into: keys)
          : selectMany(line, count: count, k: k, isLargest: isLargest, into: keys, capacity: capacity, counts: counts)
        for r in 0..<k {
          let (place, target) = (position(of: best[r]), (o * k + r) * inner + i)
          values[target] = line[place]
          positions[target] = Int32(truncatingIfNeeded: place)
        }
      }
    }
  }
}

/// Calls `body` for the elements from `start` on that may beat `threshold`, which `body` may raise; skips the others.
///
/// The threshold is a quality: the ordered integer of an element, inverted if the smallest are wanted.
@inline(__always)
private func forEachCandidate(
  _ x: UnsafePointer<Float>, from start: Int, count: Int, isLargest: Bool, _ threshold: inout Int32,
  _ body: (_ index: Int, _ threshold: inout Int32) -> Void
) {
  let flip = LaneIntegers(repeating: isLargest ? 0 : -1)
  var index = start
  while index + 4 * laneCount <= count {
    let a = orderedIntegers(x.lanes(at: index)) ^ flip
    let b = orderedIntegers(x.lanes(at: index + laneCount)) ^ flip
    let c = orderedIntegers(x.lanes(at: index + 2 * laneCount)) ^ flip
    let d = orderedIntegers(x.lanes(at: index + 3 * laneCount)) ^ flip
    let limit = LaneIntegers(repeating: threshold)
    if hasAny((a .> limit) .| (b .> limit) .| (c .> limit) .| (d .> limit)) {
      for i in index..<index + 4 * laneCount { body(i, &threshold) }
    }
    index += 4 * laneCount
  }
  while index < count {
    body(index, &threshold)
    index += 1
  }
}

/// An integer that is larger the better x is.
@inline(__always)
private func quality(_ x: Float, isLargest: Bool) -> Int32 { isLargest ? orderedInteger(x) : ~orderedInteger(x) }

/// The best few: a sorted list, into which each better element is inserted.
@inline(__always)
private func selectFew(
  _ x: UnsafePointer<Float>, count: Int, k: Int, isLargest: Bool, into keys: UnsafeMutablePointer<UInt64>
) -> UnsafeMutablePointer<UInt64> {
  @inline(__always) func insert(_ index: Int, behind size: Int) {
    let key = sortKey(x[index], at: index, isDescending: isLargest)
    var place = size
    while place > 0 && keys[place - 1] > key {
      if place < k { keys[place] = keys[place - 1] }
      place -= 1
    }
    if place < k { keys[place] = key }
  }
  for index in 0..<k { insert(index, behind: index) }
  var threshold = quality(x[position(of: keys[k - 1])], isLargest: isLargest)
  forEachCandidate(x, from: k, count: count, isLargest: isLargest, &threshold) { index, threshold in
    if quality(x[index], isLargest: isLargest) > threshold {
      insert(index, behind: k)
      threshold = quality(x[position(of: keys[k - 1])], isLargest: isLargest)
    }
  }
  return keys
}

/// The best many: a buffer that is sorted and cut back to k whenever it is full.
@inline(__always)
private func selectMany(
  _ x: UnsafePointer<Float>, count: Int, k: Int, isLargest: Bool, into keys: UnsafeMutablePointer<UInt64>,
  capacity: Int, counts: UnsafeMutablePointer<UInt32>
) -> UnsafeMutablePointer<UInt64> {
  let spare = keys + capacity
  // The keys after the first k are in the order of their positions, which are larger than those of the first k. So sorting
  // by the upper half alone is stable.
  func cutBack(_ size: Int) -> Int32 {
    let sorted = sortKeys(keys, spare: spare, count: size, counts: counts)
    if sorted != keys { keys.update(from: sorted, count: k) }
    return quality(x[position(of: keys[k - 1])], isLargest: isLargest)
  }
  var size = capacity
  for index in 0..<capacity { keys[index] = sortKey(x[index], at: index, isDescending: isLargest) }
  var threshold = cutBack(size)
  size = k
  forEachCandidate(x, from: capacity, count: count, isLargest: isLargest, &threshold) { index, threshold in
    if quality(x[index], isLargest: isLargest) > threshold {
      keys[size] = sortKey(x[index], at: index, isDescending: isLargest)
      size += 1
      if size == capacity {
        threshold = cutBack(size)
        size = k
      }
    }
  }
  _ = cutBack(size)
  return keys
}
