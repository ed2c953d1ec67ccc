// Preconditions of the package: programmer errors stop the program with a message, in release builds too.
// Read next: Stop.swift.

/// Stops the program with `message` unless `condition` holds.
///
/// The standard library's `precondition` drops its message in optimized builds, where a shape mismatch would be reported as an
/// illegal instruction. The message names the operation, the shapes and the rule.
///
/// Inlined into other modules too: a call with two closures takes longer than the check.
@inlinable
@inline(__always)
package func require(_ condition: @autoclosure () -> Bool, _ message: @autoclosure () -> String) {
  if !condition() { requirementFailure(message()) }
}

/// Stops the program with `message`.
@inline(never)
@usableFromInline
package func requirementFailure(_ message: String) -> Never { stop(message) }
