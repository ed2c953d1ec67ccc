// What published models are for. Read next: ModelFamily.swift; ../Capabilities/ for what a program can ask of such a model.

/// The purpose of a model with a head.
///
/// The raw values are the names by which commands and files refer to tasks.
public enum ModelTask: String, Sendable, CaseIterable {
  /// Hidden states for tokens or patches.
  case features
  /// The objectives that the model was pre-trained with.
  case pretraining
  /// Words in place of mask tokens.
  case maskedLanguageModeling = "masked-language-modeling"
  /// Whether a sentence follows another.
  case nextSentence = "next-sentence"
  /// Text that continues a prompt.
  case textGeneration = "text-generation"
  /// Text about a source text: translation, summary, answer.
  case textToText = "text-to-text"
  /// Classes of texts or pairs of texts.
  case textClassification = "text-classification"
  /// Classes of tokens.
  case tokenClassification = "token-classification"
  /// Where in a text the answer to a question is.
  case questionAnswering = "question-answering"
  /// Classes of images.
  case imageClassification = "image-classification"
  /// Which text describes which image.
  case imageTextMatching = "image-text-matching"
  /// Vectors from vectors, with an encoder and a decoder.
  case sequenceToSequence = "sequence-to-sequence"

  /// The task in a few words, for tables.
  public var summary: String {
    switch self {
    case .features: "hidden states"
    case .pretraining: "pre-training"
    case .maskedLanguageModeling: "masked words"
    case .nextSentence: "next sentence"
    case .textGeneration: "text generation"
    case .textToText: "text to text"
    case .textClassification: "text classification"
    case .tokenClassification: "token classification"
    case .questionAnswering: "question answering"
    case .imageClassification: "image classification"
    case .imageTextMatching: "matching of images and texts"
    case .sequenceToSequence: "vectors to vectors"
    }
  }
}
