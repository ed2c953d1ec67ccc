// The bounds that a file of weights sets for the sizes in the configuration beside it.
// Read first: ApusFiles/JSON/ConfigurationReader+Sizes.swift. Read next: ModelFolder.swift.

import ApusFiles

extension SizeLimits {
  /// The bounds that the tensors of a file set.
  init(of weights: ModelWeights) {
    self.init(axis: 1, elements: 1, layers: 1, fileName: weights.path.split(separator: "/").last.map(String.init))
    for entry in weights.entries where entry.elementCount > 0 {
      axis = max(axis, entry.shape.max() ?? 1)
      elements = max(elements, entry.elementCount)
      let numbers = entry.name.split(separator: ".").lazy.compactMap { Int($0) }.filter { (0..<1 << 30).contains($0) }
      layers = max(layers, (numbers.max() ?? 0) + 1)
    }
    (axis, elements) = (min(axis, SizeLimits.none.axis), min(elements, SizeLimits.none.elements))
    layers = min(layers, max(1, weights.entries.count / 4))
  }
}
