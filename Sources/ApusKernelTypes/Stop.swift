// The end of a program that cannot go on. Read next: ApusTensor/Require.swift, which the floors above call.

/// Stops the program with `message`, in release builds too (where `preconditionFailure` would keep it to itself).
@inline(never)
package func stop(_ message: String) -> Never { fatalError(message) }
