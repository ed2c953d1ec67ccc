// The umbrella: `import Apus` gives tensors, layers, models, data and training.
// Read next: ApusTensor/Tensor.swift; Docs/README.md, the map.

@_exported public import ApusData
@_exported public import ApusModels
@_exported public import ApusNN
@_exported public import ApusTensor
@_exported public import ApusTraining
