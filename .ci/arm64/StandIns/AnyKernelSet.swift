// Compiled with the tests, where it hides the name of ApusKernelTypes: Embedded Swift has no existential metatypes, and a program
// for it has only one set of kernels. Read first: Sources/ApusKernelTypes/Kernels/KernelSet.swift.

import ApusKernelsBaseline

typealias AnyKernelSet = SIMDKernels.Type
