// Model sizes in a config.json, which are bounded by the tensors in the file of weights.
// Read first: ConfigurationReader.swift. Read next: ModelFolder.swift, which knows both files.

/// Upper bounds for the sizes of a model, taken from its file of weights.
///
/// A configuration is untrusted: a single number in it may ask for a model that does not fit into memory, or for a
/// billion layers. But every size of a model is the length of some tensor's axis, and every layer has numbered tensors.
/// So the header of the weights bounds all sizes before anything is allocated.
package struct SizeLimits {
  /// The longest axis of any tensor that has elements.
  package var axis: Int
  /// The number of elements in the largest tensor.
  package var elements: Int
  /// One more than the highest number in a tensor's name, but at most a quarter of the number of tensors, because every
  /// layer has at least four matrices.
  package var layers: Int
  /// The file's name for messages; nil if there is no file.
  package var fileName: String?

  /// The limits without a file: any axis of a tensor, with room for a few such axes combined.
  package static let none = SizeLimits(axis: 1 << 28, elements: 1 << 28, layers: 1 << 16, fileName: nil)

  package init(axis: Int, elements: Int, layers: Int, fileName: String?) {
    (self.axis, self.elements, self.layers, self.fileName) = (axis, elements, layers, fileName)
  }

  fileprivate func text(_ limit: Int, _ what: String) -> String {
    "\(limit)" + (fileName.map { ", \(what) in \($0)" } ?? "")
  }
}

extension ConfigurationReader {
  /// A size that is the length of a tensor's axis. Without a default, the key is required.
  public func size(_ key: String, default standard: Int? = nil) -> Int {
    bounded(key, default: standard, limits.axis, "the longest axis")
  }

  /// A size that may be null or absent.
  public func optionalSize(_ key: String) -> Int? { has(key) ? size(key) : nil }

  /// The number of layers of a model. Without a default, the key is required.
  public func layerCount(_ key: String, default standard: Int? = nil) -> Int {
    bounded(key, default: standard, limits.layers, "the layers")
  }

  /// Checks that a product of sizes is at most the length of a tensor's axis, or, if `isTensor`, the size of a tensor.
  ///
  /// - Parameters:
  ///   - key: the key for which a problem is noted.
  ///   - what: a description of the product, for the message.
  ///   - factors: the sizes, each at least 0.
  public func expect(_ key: String, product what: String, _ factors: Int..., isTensor: Bool = false) {
    // After an earlier problem, a wrong product may only be its consequence.
    if hasProblems { return }
    let limit = isTensor ? limits.elements : limits.axis
    let product = factors.reduce(1) { product, factor in
      // Every product above the limit is represented by limit + 1.
      let (result, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? limit + 1 : min(result, limit + 1)
    }
    if product <= limit { return }
    let bound = limits.text(limit, isTensor ? "the elements of the largest tensor" : "the longest axis")
    note(
      key, expected: "\(what) of at most \(bound)", found: factors.map(String.init).joined(separator: " · "))
  }

  private func bounded(_ key: String, default standard: Int?, _ limit: Int, _ description: String) -> Int {
    let size = integer(key, default: standard)
    if isNoted(key) { return limit }
    if size <= limit { return size }
    note(
      key, expected: "at most \(limits.text(limit, description))",
      found: has(key) ? "\(size)" : "nothing, which means \(size)")
    return limit
  }
}
