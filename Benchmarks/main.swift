// The benchmarks: `swift run -c release ApusBenchmarks` measures, `… compare` and `… alternate` show results beside PyTorch's.
// Read next: Arguments.swift; Measuring.swift; Workloads/; pytorch.py, the same workloads in PyTorch.

import Foundation

exit(runBenchmarks(Array(CommandLine.arguments.dropFirst())))
