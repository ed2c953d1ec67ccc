// The one place where a program that cannot go on is stopped. Read next: Require.swift.

/// Stops the program with `message`, in release builds too, where `preconditionFailure` drops its message.
@inline(never)
package func stop(_ message: String) -> Never { fatalError(message) }
