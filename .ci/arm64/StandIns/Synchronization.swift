// Stands in for Synchronization: a lock for a program with one thread. Read first: Foundation.swift.

public final class Mutex<Value>: @unchecked Sendable {
  private var value: Value

  public init(_ value: Value) { self.value = value }

  public func withLock<Result>(_ body: (inout Value) -> Result) -> Result { body(&value) }
}
