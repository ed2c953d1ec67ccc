// swift-tools-version: 6.2
// A package that depends on Apus by version tag, as anybody's would: no flags, nothing but the dependency.
// .ci/check-embedder says in the environment where the tagged repository is.

import PackageDescription

let package = Package(
  name: "Embedder",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: Context.environment["APUS_URL"] ?? "", from: "0.1.0")],
  targets: [
    .executableTarget(name: "Embedder", dependencies: [.product(name: "ApusCore", package: "apus")])
  ]
)
