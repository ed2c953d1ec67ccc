// The benchmarks: `swift run -c release ApusBenchmarks [--filter TEXT] [--threads 1,2] [--json FILE]`.
// Read next: Harness.swift; Workloads.swift; pytorch.py, the same workloads in PyTorch.

import Foundation

exit(runBenchmarks(Array(CommandLine.arguments.dropFirst())))
