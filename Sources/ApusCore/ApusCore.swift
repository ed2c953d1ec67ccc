// Apus without model families: `import ApusCore` gives tensors, layers, training, text generation, tokenizers, images and files
// to packages that bring their own models. Read next: Apus/Apus.swift, the same with all families.

@_exported public import ApusFiles
@_exported public import ApusGeneration
@_exported public import ApusMedia
@_exported public import ApusNN
@_exported public import ApusPublished
@_exported public import ApusTensor
@_exported public import ApusText
@_exported public import ApusTraining
@_exported public import ApusWeights
