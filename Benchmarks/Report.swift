// The results as they are saved in JSON; pytorch.py writes the same format.
// Read next: Comparison/Comparison.swift.

/// The measurement of one workload with one number of threads.
// The property names are the keys of the JSON file.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Measurement: Codable {
  var threads: Int
  /// The time of the best run; `median_seconds` is that of the median run.
  var seconds: Double
  var median_seconds: Double
  var gflops: Double?
  var gbps: Double?
  var items_per_second: Double?
  var items: String?
  /// The limit that bounds the workload: "fma", "read" or "cache". `share_of_limit` is the share that the best run
  /// reaches.
  var limit: String?
  var share_of_limit: Double?
  /// The peak memory of tensors, in bytes.
  var peak_bytes: Int?
  /// The measurements for each number of threads, if there were several. The values above are those for the most
  /// threads.
  var by_threads: [String: Measurement]?
}

/// The limits of the machine by number of threads, measured in the same run.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Limits: Codable {
  /// Multiply–adds on registers; each counts as two operations.
  var fma_gflops: [String: Double]
  /// Reading from memory.
  var read_gbps: [String: Double]
  /// Reading 6 MiB repeatedly, which fit in the last-level cache but in no other.
  var cache_gbps: [String: Double]
}

/// A result file.
struct Report: Codable {
  var machine: [String: String]
  /// Absent in PyTorch's file.
  var limits: Limits?
  var results: [String: Measurement]
}
