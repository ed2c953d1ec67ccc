// The entry point of every fuzzer: libFuzzer's input as an array, handed to the fuzzer that this build is of.
// Read next: FuzzSafetensors.swift; ../check-fuzz, which builds and runs them.

/// Called by libFuzzer for every input; whatever the bytes are, it must return.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  fuzz(Array(UnsafeBufferPointer(start: bytes, count: count)))
  return 0
}

/// Stops the fuzzer, which then saves the input: something that always holds does not.
func expect(_ condition: Bool, _ rule: String) {
  if !condition { fatalError(rule) }
}
