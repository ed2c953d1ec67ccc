// swift-tools-version: 6.2
// The floors of the house, bottom up; a target imports only floors below it (Docs/Decisions/0001).

import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// Kernels are optimized in every build, so that an embedder's debug build and `swift test` are fast too.
let optimized: [SwiftSetting] =
  strict + [
    .unsafeFlags(["-O", "-wmo", "-num-threads", "2", "-disable-batch-mode"])
  ]

func clangFlags(_ flags: [String]) -> [SwiftSetting] {
  [.unsafeFlags(flags.flatMap { ["-Xcc", $0] }, .when(platforms: x86Platforms))]
}

let x86Platforms: [Platform] = [.linux, .macOS]

// Cross-compiling for another architecture than the one this manifest runs on: set APUS_BASELINE_ONLY=1.
#if arch(x86_64)
  let hasX86Kernels = Context.environment["APUS_BASELINE_ONLY"] == nil
#else
  let hasX86Kernels = false
#endif

let x86Define: [SwiftSetting] =
  hasX86Kernels ? [.define("APUS_X86_KERNELS", .when(platforms: x86Platforms))] : []

// MARK: Ground: argument types, the naive twin of every kernel, and one kernel source compiled once per instruction set

var targets: [Target] = [
  .target(name: "ApusKernelTypes", swiftSettings: optimized),
  .target(name: "ApusKernelsReference", dependencies: ["ApusKernelTypes"], swiftSettings: optimized),
  .target(
    name: "ApusKernelsBaseline", dependencies: ["ApusKernelTypes"],
    swiftSettings: optimized + [.define("APUS_BASELINE")]),
]

var kernelDependencies: [Target.Dependency] = ["ApusKernelTypes", "ApusKernelsBaseline"]

if hasX86Kernels {
  targets += [
    .target(
      name: "ApusKernelsAVX2", dependencies: ["ApusKernelTypes"],
      swiftSettings: optimized + [.define("APUS_AVX2")] + clangFlags(["-mavx2", "-mfma"])),
    .target(
      name: "ApusKernelsAVX512", dependencies: ["ApusKernelTypes"],
      swiftSettings: optimized + [.define("APUS_AVX512")]
        + clangFlags([
          "-mavx2", "-mfma", "-mavx512f", "-mavx512dq", "-mavx512bw", "-mavx512vl",
          "-mprefer-vector-width=512",
        ])),
  ]
  let onX86: TargetDependencyCondition? = .when(platforms: x86Platforms)
  kernelDependencies += [
    .target(name: "ApusKernelsAVX2", condition: onX86),
    .target(name: "ApusKernelsAVX512", condition: onX86),
  ]
}

targets += [
  // MARK: Floor 1: the scheduler, and the choice of an instruction set
  .target(
    name: "ApusKernels", dependencies: kernelDependencies,
    swiftSettings: optimized + x86Define),

  // MARK: Floor 2: tensors, the tape, operations
  .target(name: "ApusTensor", dependencies: ["ApusKernels", "ApusKernelTypes"], swiftSettings: strict),

  // MARK: Floor 3: modules and layers; and the wing: tokenizers and file formats
  .target(name: "ApusNN", dependencies: ["ApusTensor"], swiftSettings: strict),
  .target(name: "ApusData", dependencies: ["ApusTensor"], swiftSettings: strict),

  // MARK: Floor 4: model families, and training (which do not know each other)
  .target(name: "ApusModels", dependencies: ["ApusTensor", "ApusNN", "ApusData"], swiftSettings: strict),
  .target(
    name: "ApusTraining", dependencies: ["ApusKernels", "ApusKernelTypes", "ApusTensor", "ApusNN", "ApusData"],
    swiftSettings: strict),

  // MARK: Roof: the umbrella, pictures of results, and the command-line tool
  .target(
    name: "Apus", dependencies: ["ApusTensor", "ApusNN", "ApusData", "ApusModels", "ApusTraining"],
    swiftSettings: strict),
  .target(name: "ApusCharts", swiftSettings: strict),
  .executableTarget(
    name: "ApusCommand",
    dependencies: [
      "ApusCharts", "ApusKernels", "ApusKernelTypes", "ApusTensor", "ApusNN", "ApusData", "ApusModels", "ApusTraining",
    ],
    resources: [.copy("Resources/tinyshakespeare.txt")],
    swiftSettings: strict),

  // MARK: Beside: gradient checks for everyone's operations, and the benchmarks
  .target(name: "ApusTesting", dependencies: ["ApusTensor"], swiftSettings: strict),
  .executableTarget(
    name: "ApusBenchmarks",
    dependencies: [
      "ApusCharts", "ApusKernels", "ApusKernelTypes", "ApusTensor", "ApusNN", "ApusData", "ApusModels", "ApusTraining",
    ],
    path: "Benchmarks",
    exclude: ["README.md", "pytorch.py", "busy-core", "Results"],
    swiftSettings: strict),

  // MARK: Tests
  .testTarget(
    name: "ApusKernelsTests", dependencies: ["ApusKernelTypes", "ApusKernelsReference", "ApusKernels"],
    swiftSettings: strict),
  .testTarget(
    name: "ApusTensorTests",
    dependencies: ["ApusKernelTypes", "ApusKernelsReference", "ApusKernels", "ApusTensor", "ApusTesting", "ApusData"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusNNTests", dependencies: ["ApusTensor", "ApusNN", "ApusTesting", "ApusData"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusDataTests", dependencies: ["ApusTensor", "ApusData"], resources: [.copy("Fixtures")],
    swiftSettings: strict),
  .testTarget(
    name: "ApusTrainingTests",
    dependencies: ["ApusTensor", "ApusNN", "ApusData", "ApusModels", "ApusTraining"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusModelsTests",
    dependencies: ["ApusKernels", "ApusTensor", "ApusNN", "ApusData", "ApusModels", "ApusTraining", "ApusTesting"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusCommandTests", dependencies: ["ApusCommand", "ApusCharts", "ApusKernels", "ApusTensor", "ApusData"],
    swiftSettings: strict),
  .testTarget(name: "HouseTests", dependencies: ["Apus", "ApusTesting"], swiftSettings: strict),
]

let package = Package(
  name: "Apus",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .library(name: "ApusTesting", targets: ["ApusTesting"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
