// The umbrella: `import Apus` gives tensors, layers, training, files and every model family.
// Read next: Registry.swift; ApusTensor/Tensor.swift; Docs/README.md, the map.

@_exported public import ApusCore
@_exported public import ApusLanguage
@_exported public import ApusMultimodal
@_exported public import ApusVision
