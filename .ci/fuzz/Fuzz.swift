// The entry point of all fuzzers: libFuzzer's input as an array, handed to the one that APUS_FUZZER names.
// Read next: FuzzSafetensors.swift; ../check-fuzz, which builds and runs them.

import Foundation

@testable import ApusFiles

/// The fuzzers by name. They are one program: compiling and linking it takes far longer than a run in CI.
private let fuzzers: [String: ([UInt8]) -> Void] = [
  "FuzzConfigurations": fuzzConfigurations,
  "FuzzImages": fuzzImages,
  "FuzzJSON": fuzzJSON,
  "FuzzModels": fuzzModels,
  "FuzzPieces": fuzzPieces,
  "FuzzRuns": fuzzRuns,
  "FuzzSafetensors": fuzzSafetensors,
  "FuzzTokenizers": fuzzTokenizers,
  "FuzzVocabularies": fuzzVocabularies,
]

private let chosen: ([UInt8]) -> Void = {
  let name = ProcessInfo.processInfo.environment["APUS_FUZZER"] ?? ""
  guard let fuzzer = fuzzers[name] else {
    fatalError("APUS_FUZZER: expected one of \(fuzzers.keys.sorted().joined(separator: ", ")), found '\(name)'")
  }
  return fuzzer
}()

/// Called by libFuzzer for every input; whatever the bytes are, it must return.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  chosen(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// Stops the fuzzer, which then saves the input: something that always holds does not.
func expect(_ condition: Bool, _ rule: @autoclosure () -> String) {
  if !condition { fatalError(rule()) }
}

/// An input's parts between zero bytes, at most `count`; the last one has what is left.
func parts(_ input: [UInt8], _ count: Int) -> [[UInt8]] {
  let found = input.split(separator: 0, maxSplits: count - 1, omittingEmptySubsequences: false).map(Array.init)
  return found + Array(repeating: [], count: count - found.count)
}

/// A JSON document, if the bytes are one.
func document(_ bytes: [UInt8]) -> JSONDocument? {
  bytes.withUnsafeBytes { firstInvalidUTF8(in: $0) } == nil ? try? JSONDocument(parsing: bytes) : nil
}
