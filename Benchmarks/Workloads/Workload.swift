// The type of a workload, and the list of all workloads. pytorch.py uses the same names.
// Read next: Products.swift, AttentionWorkloads.swift, Training.swift, Ladder.swift.

import ApusKernelTypes

/// A function to time, with its name and the amount of work that it does.
struct Workload: Sendable {
  /// The resource that bounds an ideal implementation.
  enum Limit: Sendable {
    /// The multiply–add throughput, the memory bandwidth or the bandwidth of the last-level cache.
    case multiplyAdds, memory, cache
    /// The overhead of calls: there is too little work for another limit to matter.
    case overhead
  }

  let name: String
  let limit: Limit
  /// The number of operations; a multiply–add counts as two.
  var operations: Double? = nil
  /// The minimum number of bytes read and written.
  var bytes: Double? = nil
  /// The number of items, and the name of their rate, as in ("tokens/s", 768).
  var items: (name: String, count: Double)? = nil
  /// Prepares the inputs and returns the function to time.
  let prepare: @Sendable (Schedule) -> () -> Void
}

let workloads: [Workload] =
  productWorkloads + attentionWorkloads + pointwiseWorkloads + movementWorkloads + trainingWorkloads
  + inferenceWorkloads + encodingWorkloads + visionWorkloads + tokenizingWorkloads + ladderWorkloads
