// The families of published models that this package can load; a new one is one more line here.
// Read first: PublishedModel.swift. Read next: LoadedModel.swift.

extension PublishedFamily {
  /// The families of this package.
  public static let all: [PublishedFamily] =
    [
      GPT.published,
      BERT.published,
      DistilBERT.published,
      BART.published,
      Marian.published,
      T5.published,
      Transformer.published,
      Llama.published,
      Llama.original,
      ViT.published,
      ViT.plain,
      CLIP.published,
    ] + RoBERTa.published
}
