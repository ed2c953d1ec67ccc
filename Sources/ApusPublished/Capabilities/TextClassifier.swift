// What programs can ask of models that classify texts, whatever their encoder.
// Read first: ClassificationProblem.swift. Read next: ApusLanguage/Encoders/SequenceClassifier.swift, which conforms.

public import ApusTensor

/// A model that assigns texts to the classes it was trained on.
public protocol TextClassifier: PublishedModel {
  /// The vocabulary size.
  var vocabularySize: Int { get }
  /// The maximum number of tokens of a text.
  var maximumLength: Int { get }
  /// The kind of answer; nil: one class, or a number if there is a single logit.
  var problem: ClassificationProblem? { get }

  /// The logits of the classes, [batch, length] → [batch, classes].
  func logits(_ ids: IndexTensor) -> Tensor
}
