// `import ApusLanguage` gives everything that using a language model takes: its tensors, tokenizers, files and generation.

@_exported public import ApusFiles
@_exported public import ApusGeneration
@_exported public import ApusNN
@_exported public import ApusPublished
@_exported public import ApusTensor
@_exported public import ApusText
@_exported public import ApusWeights
