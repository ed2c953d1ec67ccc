// Sizes of models in a config.json, which are bounded by what the file of weights beside it holds.
// Read first: ConfigurationReader.swift. Read next: ApusWeights/Folders/ModelFolder.swift, which knows both files.

/// The largest sizes that a model can have whose weights lie in a file.
///
/// A configuration is data from elsewhere: one number in it may ask for a model that no memory holds, or for a billion layers.
/// But every size of a model is the length of an axis of some tensor, and every layer has tensors that are numbered, so the
/// file's header bounds them all before anything is made.
package struct SizeLimits {
  /// The longest axis of a tensor that has elements.
  package var axis: Int
  /// The number of elements of the largest tensor.
  package var elements: Int
  /// One more than the highest number in a tensor's name, but at most one for every four tensors: a layer has four matrices
  /// or more.
  package var layers: Int
  /// The file, for messages; nil: there is none.
  package var fileName: String?

  /// Without a file: any axis of a tensor, with room for a few of them side by side.
  package static let none = SizeLimits(axis: 1 << 28, elements: 1 << 28, layers: 1 << 16, fileName: nil)

  package init(axis: Int, elements: Int, layers: Int, fileName: String?) {
    (self.axis, self.elements, self.layers, self.fileName) = (axis, elements, layers, fileName)
  }

  fileprivate func text(_ limit: Int, _ what: String) -> String {
    "\(limit)" + (fileName.map { ", \(what) in \($0)" } ?? "")
  }
}

extension ConfigurationReader {
  /// A size that is the length of a tensor's axis; without a default the key must be there.
  public func size(_ key: String, default standard: Int? = nil) -> Int {
    bounded(key, default: standard, limits.axis, "the longest axis")
  }

  /// A size that may be null or absent.
  public func optionalSize(_ key: String) -> Int? { has(key) ? size(key) : nil }

  /// The number of a model's layers; without a default the key must be there.
  public func layerCount(_ key: String, default standard: Int? = nil) -> Int {
    bounded(key, default: standard, limits.layers, "the layers")
  }

  /// Makes sure that a product of sizes is at most the length of a tensor's axis, or, if `isTensor`, the size of a tensor.
  ///
  /// - Parameters:
  ///   - key: where the problem is noted.
  ///   - what: the product in words.
  ///   - factors: at least 0.
  public func expect(_ key: String, product what: String, _ factors: Int..., isTensor: Bool = false) {
    // (What follows from a value that is wrong says nothing new.)
    if hasProblems { return }
    let limit = isTensor ? limits.elements : limits.axis
    let product = factors.reduce(1) { product, factor in
      // One more than the limit stands for whatever is larger.
      let (result, overflow) = product.multipliedReportingOverflow(by: factor)
      return overflow ? limit + 1 : min(result, limit + 1)
    }
    if product <= limit { return }
    let bound = limits.text(limit, isTensor ? "the elements of the largest tensor" : "the longest axis")
    note(
      key, expected: "\(what) of at most \(bound)", found: factors.map(String.init).joined(separator: " · "))
  }

  private func bounded(_ key: String, default standard: Int?, _ limit: Int, _ what: String) -> Int {
    let size = integer(key, default: standard)
    if isNoted(key) { return limit }
    if size <= limit { return size }
    note(
      key, expected: "at most \(limits.text(limit, what))", found: has(key) ? "\(size)" : "nothing, which means \(size)"
    )
    return limit
  }
}
