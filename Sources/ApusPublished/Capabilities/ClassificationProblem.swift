// The kinds of answers a classifier gives, the labels it takes, and the loss that belongs to each.
// Read next: TextClassifier.swift, ImageModel.swift.

package import ApusFiles
package import ApusTensor

/// The kind of answer of a classifier, which determines its loss (`problem_type`).
public enum ClassificationProblem: Sendable, Equatable {
  /// Numbers, with mean squared error.
  case regression
  /// One of several classes, with cross-entropy.
  case oneClass
  /// Any of several classes, with binary cross-entropy for each.
  case severalClasses

  /// The kind that a configuration names; nil if the labels decide.
  package init?(_ file: ConfigurationReader) {
    let names: [(String, ClassificationProblem?)] = [
      ("undecided", nil), ("regression", .regression), ("single_label_classification", .oneClass),
      ("multi_label_classification", .severalClasses),
    ]
    guard let problem = file.choice("problem_type", default: "undecided", names) else { return nil }
    self = problem
  }

  /// The loss of logits [batch, labels]; nil without labels.
  package static func loss(
    of logits: Tensor, _ inputs: Labels?
  ) -> Tensor? {
    switch inputs {
    case nil: nil
    case .numbers(let target): meanSquaredError(logits.reshaped(to: target.shape), target)
    case .classes(let target): crossEntropy(logits, target)
    case .truths(let target): binaryCrossEntropyWithLogits(logits, target)
    }
  }

  /// Labels, as read from the inputs.
  package enum Labels {
    case numbers(Tensor)
    case classes(IndexTensor)
    case truths(Tensor)
  }

  /// Reads `labels`: classes [batch], truth values [batch, labels], or numbers of either shape.
  package static func labels(
    _ inputs: InputReader, count: Int, problem: ClassificationProblem?
  ) -> Labels? {
    guard inputs.has("labels"), let given = inputs.inputs.values["labels"] else { return nil }
    let isWhole = if case .indices = given { true } else { false }
    switch problem ?? (count == 1 ? .regression : isWhole ? .oneClass : .severalClasses) {
    case .regression:
      let axes: [InputReader.Axis] = count == 1 && given.shape.rank == 1 ? ["batch"] : ["batch", .size(count)]
      return inputs.optionalTensor("labels", axes).map { .numbers($0) }
    case .oneClass:
      return inputs.optionalIndices("labels", ["batch"], below: count, except: -100).map { .classes($0) }
    case .severalClasses:
      return inputs.optionalTensor("labels", ["batch", .size(count)]).map { .truths($0) }
    }
  }
}
