// The protocol of text classifiers, whatever their encoder.
// Read first: SequenceClassifier.swift.

import ApusNN
public import ApusTensor

/// A model that classifies texts.
public protocol TextClassifier: PublishedModel {
  /// The vocabulary size.
  var vocabularySize: Int { get }
  /// The maximum number of tokens of a text.
  var maximumLength: Int { get }
  /// The kind of answer; nil: one of the classes, or a number if there is only one logit.
  var problem: ClassificationProblem? { get }

  /// The logits of the classes, [batch, length] → [batch, classes].
  func logits(_ ids: IndexTensor) -> Tensor
}

extension SequenceClassifier: TextClassifier {
  public var vocabularySize: Int { encoder.vocabularySize }

  public var maximumLength: Int { encoder.maximumLength }

  public func logits(_ ids: IndexTensor) -> Tensor { self(encoder(ids, tokens: nil)) }
}
