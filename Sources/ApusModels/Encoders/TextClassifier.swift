// Classifiers of texts, whatever their encoder: what a program needs to use one.
// Read first: SequenceClassifier.swift.

import ApusNN
public import ApusTensor

/// A model that says which class a text is of.
public protocol TextClassifier: PublishedModel {
  /// The number of tokens it knows.
  var vocabularySize: Int { get }
  /// The most tokens of a text.
  var longestText: Int { get }
  /// What the answer is; nil: one class, or a number where there is one score.
  var problem: ClassificationProblem? { get }

  /// The scores of the classes, [batch, length] → [batch, classes].
  func scores(_ ids: IndexTensor) -> Tensor
}

extension SequenceClassifier: TextClassifier {
  public var vocabularySize: Int { encoder.vocabularySize }

  public var longestText: Int { encoder.longestText }

  public func scores(_ ids: IndexTensor) -> Tensor { self(encoder(ids, tokens: nil)) }
}
