// What is measured and saved: the JSON that pytorch.py writes too. Read next: Comparison/Comparison.swift.

/// One workload with one number of threads.
// The keys of the JSON file.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Measurement: Codable {
  var threads: Int
  /// The best run, and the median.
  var seconds: Double
  var median_seconds: Double
  var gflops: Double?
  var gbps: Double?
  var items_per_second: Double?
  var items: String?
  /// "fma", "read" or "cache", and the share of that limit that the best run reaches.
  var limit: String?
  var share_of_limit: Double?
  /// The most bytes that tensors held at one time.
  var peak_bytes: Int?
  /// The same for every number of threads, where several were measured; the values above are those of the most threads.
  var by_threads: [String: Measurement]?
}

/// What the machine can do at most, measured in the same run, by number of threads.
// swift-format-ignore: AlwaysUseLowerCamelCase
struct Limits: Codable {
  /// Multiply–adds from registers, each two operations.
  var fma_gflops: [String: Double]
  /// Reading memory.
  var read_gbps: [String: Double]
  /// Reading 6 MiB again and again: what fits the last cache, not the ones before it.
  var cache_gbps: [String: Double]
}

/// A result file.
struct Report: Codable {
  var machine: [String: String]
  /// Absent in PyTorch's file.
  var limits: Limits?
  var results: [String: Measurement]
}
