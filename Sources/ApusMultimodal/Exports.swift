// `import ApusMultimodal` gives everything that using a model of this wing takes: its tensors, images, files and published folders.

@_exported public import ApusFiles
@_exported public import ApusMedia
@_exported public import ApusNN
@_exported public import ApusPublished
@_exported public import ApusTensor
@_exported public import ApusWeights
