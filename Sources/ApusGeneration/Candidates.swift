// Candidate tokens in order of their weights, in memory that the next draw reuses.
// Read first: Sampler.swift.

/// Tokens with weights, as a heap: selecting the best few of many needs neither sorting nor additional memory.
package struct Candidates {
  struct Entry {
    var token: Int
    var weight: Double

    /// Whether the weight is larger, or equal and the token smaller.
    func isBetter(than other: Entry) -> Bool {
      weight > other.weight || (weight == other.weight && token < other.token)
    }
  }

  private(set) var entries: [Entry] = []

  package init() {}

  /// The sum of the weights, in order.
  var total: Double { entries.reduce(0) { $0 + $1.weight } }

  mutating func removeAll() { entries.removeAll(keepingCapacity: true) }

  mutating func append(_ token: Int, weight: Double) { entries.append(Entry(token: token, weight: weight)) }

  mutating func removeAll(below weight: Double) { entries.removeAll { $0.weight < weight } }

  /// Keeps the tokens of the k largest logits, largest first, and of equal ones the first; `weight` gives their weights.
  ///
  /// - Complexity: O(n log k): the worst of the best so far is on top of a heap.
  mutating func takeLargest(
    _ k: Int, of logits: UnsafeBufferPointer<Float>, weight: (_ token: Int) -> Double
  ) {
    removeAll()
    for token in logits.indices {
      let entry = Entry(token: token, weight: Double(logits[token]))
      if entries.count < k {
        entries.append(entry)
        if entries.count == k { makeHeap { $1.isBetter(than: $0) } }
      } else if k > 0, entry.isBetter(than: entries[0]) {
        entries[0] = entry
        sink(0, in: k) { $1.isBetter(than: $0) }
      }
    }
    if entries.count < k { makeHeap { $1.isBetter(than: $0) } }
    // The worst of the rest moves to the end of the rest, until the best is in front.
    for end in entries.indices.reversed() {
      entries.swapAt(0, end)
      sink(0, in: end) { $1.isBetter(than: $0) }
    }
    for place in entries.indices { entries[place].weight = weight(entries[place].token) }
  }

  /// Keeps the fewest best tokens whose total weight is at least `least`, best first.
  ///
  /// - Complexity: O(n + m log n) for the m tokens that are kept.
  mutating func keepBest(ofWeight least: Double) {
    makeHeap { $0.isBetter(than: $1) }
    var (end, sum) = (entries.count, 0.0)
    while end > 0, !(sum >= least) {
      end -= 1
      sum += entries[0].weight
      entries.swapAt(0, end)
      sink(0, in: end) { $0.isBetter(than: $1) }
    }
    entries.removeSubrange(..<end)
    entries.reverse()
  }

  // MARK: The heap: no entry comes before its parent

  private mutating func makeHeap(_ comesBefore: (Entry, Entry) -> Bool) {
    for parent in stride(from: entries.count / 2 - 1, through: 0, by: -1) {
      sink(parent, in: entries.count, comesBefore)
    }
  }

  private mutating func sink(_ start: Int, in count: Int, _ comesBefore: (Entry, Entry) -> Bool) {
    var parent = start
    while true {
      var child = 2 * parent + 1
      guard child < count else { return }
      if child + 1 < count, comesBefore(entries[child + 1], entries[child]) { child += 1 }
      guard comesBefore(entries[child], entries[parent]) else { return }
      entries.swapAt(child, parent)
      parent = child
    }
  }
}
