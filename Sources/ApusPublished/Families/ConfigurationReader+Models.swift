// Entries that the configurations of many families share: activations, classes, dropout of a classifier, image patches.
// Read first: ApusFiles/JSON/ConfigurationReader.swift.

package import ApusFiles
package import ApusTensor
package import ApusWeights

extension ConfigurationReader {
  /// The activation that a configuration names.
  package func activation(_ key: String, default standard: String) -> Activation {
    choice(key, default: standard, Activation.publishedNames)
  }

  /// The number of classes: the number of labels, `num_labels`, or 2.
  package var classCount: Int { labels?.count ?? size("num_labels", default: 2) }

  /// The dropout in front of a classifier; if the configuration does not set it, the dropout of the model.
  package func classifierDropout(_ standard: String) -> Float {
    has("classifier_dropout") ? dropout("classifier_dropout") : dropout(standard, default: 0.1)
  }

  /// Checks that images divide into patches, and that the weights hold as many and as large patches.
  package func expectPatches(_ imageSize: Int, size: Int, channels: Int) {
    expect("image_size", imageSize, isMultipleOf: "patch_size", size)
    let rows = imageSize / max(1, size)
    expect("image_size", product: "patches", rows, rows)
    expect("patch_size", product: "numbers of a patch", channels, size, size, isTensor: true)
  }
}

extension Activation {
  /// The names of activations in configurations. The first of several names for one activation is the one that is written.
  package static let publishedNames: [(name: String, value: Activation)] = [
    ("gelu", .gelu), ("gelu_python", .gelu), ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh),
    ("gelu_fast", .geluTanh), ("quick_gelu", .quickGelu), ("relu", .relu), ("silu", .silu), ("swish", .silu),
    ("sigmoid", .sigmoid), ("tanh", .tanh),
  ]
}

extension ModelWeights {
  /// Whether the weights contain a pooler, the layer that makes one vector of a text or an image.
  package var hasPooler: Bool { entries.contains { $0.name.hasSuffix("pooler.dense.weight") } }
}
