// Values that a scope binds to the thread it runs on.
// Read next: Kernels.swift; ApusTensor/Context.swift and ApusTensor/Workspace.swift, which bind such values.

import ApusKernelTypes
package import Foundation

/// A reference that a scope binds to the current thread for as long as its body runs.
///
/// Every scope in this package takes a synchronous body, and a synchronous function never changes threads. Code that the
/// body calls finds the value; code on any other thread, including a child task that the body starts, does not. A
/// task-local value would be inherited by child tasks, which may run concurrently with the scope and outlive it.
///
/// Make one of these per kind of value and keep it in a static constant: its key is never given back.
///
/// - Complexity: a lookup takes about 2 ns, without allocation or lock.
package struct ThreadBound<Value: AnyObject>: Sendable {
  @usableFromInline package let key: pthread_key_t

  /// A value that no thread has yet.
  ///
  /// - Precondition: the process has a thread-specific key left (Linux allows 1,024, Darwin 512).
  package init() {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    guard status == 0 else { stop("ThreadBound: no thread-specific key is left (error \(status))") }
    self.key = key
  }

  /// The value of the innermost scope on this thread; nil outside any scope.
  @inlinable
  package var current: Value? {
    guard let pointer = pthread_getspecific(key) else { return nil }
    return Unmanaged<Value>.fromOpaque(pointer).takeUnretainedValue()
  }

  /// Runs `body` with `value` bound to this thread, and restores the previous value afterwards.
  @inlinable
  package func withValue<Result, Failure: Error>(
    _ value: Value, _ body: () throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let outer = pthread_getspecific(key)
    pthread_setspecific(key, Unmanaged.passUnretained(value).toOpaque())
    // The thread does not own the value: this scope keeps it alive.
    defer { withExtendedLifetime(value) { _ = pthread_setspecific(key, outer) } }
    return try body()
  }
}
