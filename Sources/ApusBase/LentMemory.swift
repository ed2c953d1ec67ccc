// The contract between a lender of memory, such as a mapped file, and the tensors that borrow it.
// Read next: ApusFiles/Files/MappedFile.swift, a lender; ApusTensor/Storage.swift, the borrower.

/// An owner of memory that wants to know when a borrower no longer needs a part of it.
package protocol LentMemory: AnyObject {
  /// Called when one borrower of these bytes is gone; there may be others.
  func isReturned(_ start: UnsafeRawPointer, byteCount: Int)
}
