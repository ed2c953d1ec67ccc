// swift-tools-version: 6.2
// A package that depends on Apus by version tag, without any flags.
// .ci/check-embedder sets the environment variable APUS_URL to the tagged repository.

import PackageDescription

let package = Package(
  name: "Embedder",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: Context.environment["APUS_URL"] ?? "", from: "0.1.0")],
  targets: [
    .executableTarget(name: "Embedder", dependencies: [.product(name: "ApusCore", package: "apus")])
  ]
)
