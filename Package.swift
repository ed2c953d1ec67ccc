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

// MARK: Ground: preconditions, argument types, the plain twin of every kernel, and one kernel source compiled for each instruction set

var targets: [Target] = [
  .target(name: "ApusBase", swiftSettings: strict),
  .target(name: "ApusKernelTypes", dependencies: ["ApusBase"], swiftSettings: optimized),
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

/// Everything but the model families.
let coreModules: [Target.Dependency] = [
  "ApusFiles", "ApusText", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished", "ApusGeneration",
  "ApusTraining",
]
/// The model families, by what they read and write.
let wings: [Target.Dependency] = ["ApusLanguage", "ApusVision", "ApusMultimodal"]

targets += [
  // MARK: Floor 1: the scheduler, and the choice of an instruction set
  .target(
    name: "ApusKernels", dependencies: kernelDependencies + ["ApusBase"],
    swiftSettings: optimized + x86Define),

  // MARK: Floor 2: tensors, the tape, operations
  .target(name: "ApusTensor", dependencies: ["ApusBase", "ApusKernels", "ApusKernelTypes"], swiftSettings: strict),

  // MARK: Beside the kernels, without tensors: files, text, images, charts
  .target(name: "ApusFiles", dependencies: ["ApusBase"], swiftSettings: strict),
  .target(name: "ApusText", dependencies: ["ApusBase", "ApusFiles"], swiftSettings: strict),
  .target(name: "ApusMedia", dependencies: ["ApusBase", "ApusFiles"], swiftSettings: strict),
  .target(name: "ApusCharts", swiftSettings: strict),

  // MARK: Floor 3: modules and layers; weights in files
  .target(name: "ApusNN", dependencies: ["ApusBase", "ApusTensor"], swiftSettings: strict),
  .target(name: "ApusWeights", dependencies: ["ApusBase", "ApusFiles", "ApusTensor"], swiftSettings: strict),

  // MARK: Floor 4: what model families share: published folders, generation, training (which do not know each other)
  .target(
    name: "ApusPublished", dependencies: ["ApusBase", "ApusFiles", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights"],
    swiftSettings: strict),
  .target(
    name: "ApusGeneration", dependencies: ["ApusBase", "ApusFiles", "ApusTensor", "ApusNN"], swiftSettings: strict),
  .target(
    name: "ApusTraining",
    dependencies: [
      "ApusBase", "ApusFiles", "ApusText", "ApusKernels", "ApusKernelTypes", "ApusTensor", "ApusNN", "ApusWeights",
    ],
    swiftSettings: strict),

  // MARK: Wings: one folder for each model family
  .target(
    name: "ApusLanguage",
    dependencies: [
      "ApusBase", "ApusFiles", "ApusText", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished", "ApusGeneration",
    ],
    swiftSettings: strict),
  .target(
    name: "ApusVision",
    dependencies: ["ApusBase", "ApusFiles", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished"],
    swiftSettings: strict),
  .target(
    name: "ApusMultimodal",
    dependencies: ["ApusBase", "ApusFiles", "ApusMedia", "ApusTensor", "ApusNN", "ApusWeights", "ApusPublished"],
    swiftSettings: strict),

  // MARK: Roof: everything in one import, the same without model families, and the command-line tool
  .target(name: "ApusCore", dependencies: coreModules, swiftSettings: strict),
  .target(name: "Apus", dependencies: coreModules + ["ApusCore"] + wings, swiftSettings: strict),
  .executableTarget(
    name: "ApusCommand",
    dependencies: ["Apus", "ApusCharts", "ApusBase", "ApusKernels", "ApusKernelTypes"] + coreModules + wings,
    resources: [.copy("Resources/tinyshakespeare.txt")],
    swiftSettings: strict),

  // MARK: Beside: gradient checks for everyone's operations, and the benchmarks
  .target(name: "ApusTesting", dependencies: ["ApusBase", "ApusTensor"], swiftSettings: strict),
  .executableTarget(
    name: "ApusBenchmarks",
    dependencies: ["ApusCharts", "ApusBase", "ApusKernels", "ApusKernelTypes"] + coreModules + wings,
    path: "Benchmarks",
    exclude: ["README.md", "pytorch.py", "busy-core", "Results"],
    swiftSettings: strict),

  // MARK: Tests
  .target(
    name: "ApusTestSupport", dependencies: ["ApusFiles", "ApusTensor", "ApusWeights"], path: "Tests/ApusTestSupport",
    swiftSettings: strict),
  // Optimized, because it compares millions of numbers.
  .testTarget(
    name: "ApusKernelsTests", dependencies: ["ApusBase", "ApusKernelTypes", "ApusKernelsReference", "ApusKernels"],
    swiftSettings: optimized),
  .testTarget(
    name: "ApusTensorTests",
    dependencies: [
      "ApusKernelTypes", "ApusKernelsReference", "ApusKernels", "ApusTensor", "ApusTesting", "ApusFiles", "ApusWeights",
    ],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusNNTests",
    dependencies: ["ApusTensor", "ApusNN", "ApusTraining", "ApusTesting", "ApusFiles", "ApusWeights"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusFilesTests", dependencies: ["ApusFiles", "ApusWeights", "ApusTestSupport"], swiftSettings: strict),
  .testTarget(
    name: "ApusTextTests", dependencies: ["ApusFiles", "ApusText", "ApusTensor", "ApusWeights", "ApusTestSupport"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusMediaTests",
    dependencies: ["ApusFiles", "ApusMedia", "ApusPublished", "ApusTensor", "ApusWeights", "ApusTestSupport"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusWeightsTests", dependencies: ["ApusFiles", "ApusTensor", "ApusWeights", "ApusTestSupport"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusTrainingTests", dependencies: coreModules + ["ApusLanguage", "ApusTestSupport"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusFamiliesTests",
    dependencies: coreModules + wings + ["Apus", "ApusKernels", "ApusKernelTypes", "ApusTesting", "ApusTestSupport"],
    resources: [.copy("Fixtures")], swiftSettings: strict),
  .testTarget(
    name: "ApusCommandTests",
    dependencies: ["ApusCommand", "Apus", "ApusCharts", "ApusKernels"] + coreModules + wings,
    swiftSettings: strict),
  .testTarget(name: "HouseTests", dependencies: ["Apus", "ApusTesting"], swiftSettings: strict),
]

let package = Package(
  name: "Apus",
  platforms: [.macOS(.v15), .iOS(.v18), .tvOS(.v18), .watchOS(.v11), .visionOS(.v2)],
  products: [
    .library(name: "Apus", targets: ["Apus"]),
    .library(name: "ApusCore", targets: ["ApusCore"]),
    .library(name: "ApusLanguage", targets: ["ApusLanguage"]),
    .library(name: "ApusVision", targets: ["ApusVision"]),
    .library(name: "ApusMultimodal", targets: ["ApusMultimodal"]),
    .library(name: "ApusCharts", targets: ["ApusCharts"]),
    .library(name: "ApusTesting", targets: ["ApusTesting"]),
    .executable(name: "apus", targets: ["ApusCommand"]),
  ],
  targets: targets,
  swiftLanguageModes: [.v6]
)
