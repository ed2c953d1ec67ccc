// Stands in for Foundation: the C library, and what else the kernels and their tests use of it.
// Read next: Testing.swift, which stands in for Swift Testing.

@_exported import CLibrary

public func exp(_ x: Float) -> Float { expf(x) }
public func log(_ x: Float) -> Float { logf(x) }
public func tanh(_ x: Float) -> Float { tanhf(x) }
public func expm1(_ x: Float) -> Float { expm1f(x) }
public func log1p(_ x: Float) -> Float { log1pf(x) }
public func sin(_ x: Float) -> Float { sinf(x) }
public func cos(_ x: Float) -> Float { cosf(x) }
public func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
public func erf(_ x: Float) -> Float { erff(x) }

/// A lock for a program with one thread.
public final class NSLock: Sendable {
  public init() {}

  public func withLock<Result>(_ body: () -> Result) -> Result { body() }
}

public struct ProcessInfo: Sendable {
  public struct Environment: Sendable {
    public subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
  }

  public static let processInfo = ProcessInfo()
  public let environment = Environment()
}

/// The seed of hash values, which Embedded Swift asks for and older C libraries lack: always the same.
@_cdecl("arc4random_buf")
public func fillWithSeed(_ bytes: UnsafeMutableRawPointer, _ count: Int) { memset(bytes, 0x5A, count) }
