// The benchmarks: `swift run -c release ApusBenchmarks` measures, `compare` and `alternate` compare with PyTorch.
// Read next: Arguments.swift; Measuring.swift; Workloads/; pytorch.py, which has the same workloads in PyTorch.

import Foundation

exit(runBenchmarks(Array(CommandLine.arguments.dropFirst())))
