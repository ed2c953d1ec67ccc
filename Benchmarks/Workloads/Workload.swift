// A workload, and the list of all. The names are those under which results are compared; pytorch.py has the same ones.
// Read next: Products.swift, AttentionWorkloads.swift, Pointwise.swift, Movement.swift, Training.swift, Inference.swift, Encoding.swift,
// Vision.swift, Tokenizing.swift, Ladder.swift.

import ApusKernelTypes

/// Something to time: its name, what it does, and how much work that is.
struct Workload: Sendable {
  /// What bounds a workload on an ideal machine program.
  enum Limit: Sendable {
    case multiplyAdds, memory, cache
    /// Nothing physical: so little work that only the calls count.
    case overhead
  }

  let name: String
  let limit: Limit
  /// Multiply–adds count two.
  var operations: Double? = nil
  /// Read and written at least.
  var bytes: Double? = nil
  /// What is counted per second beside these: ("tokens/s", 768).
  var items: (name: String, count: Double)? = nil
  /// Makes what the workload needs and gives the function to time.
  let prepare: @Sendable (Schedule) -> () -> Void
}

let workloads: [Workload] =
  productWorkloads + attentionWorkloads + pointwiseWorkloads + movementWorkloads + trainingWorkloads
  + inferenceWorkloads + encodingWorkloads + visionWorkloads + tokenizingWorkloads + ladderWorkloads
