// The families of this wing: a new family is one more line here.
// Read first: ApusPublished/Families/ModelFamily.swift. Read next: Apus/Registry.swift, which joins the wings.

public import ApusPublished

extension ModelFamily {
  /// The families that read and write text.
  public static let language: [ModelFamily] = [
    GPT.family,
    BERT.family,
    RoBERTa.family,
    DistilBERT.family,
    T5.family,
    BART.family,
    Marian.family,
    Llama.family,
    Llama.originalFamily,
    Transformer.family,
  ]
}
