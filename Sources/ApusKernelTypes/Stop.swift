// Stopping the program with a message. Read next: ApusTensor/Require.swift, which the floors above call.

/// Stops the program and prints `message`, in release builds too (where `preconditionFailure` prints none).
@inline(never)
package func stop(_ message: String) -> Never { fatalError(message) }
