// A file's bytes as memory, without reading them first.
// Read first: SystemCalls.swift. Read next: Safetensors.swift, whose tensors borrow this memory.

import ApusBase
public import Foundation

/// The bytes of a file, mapped read-only: pages are read when they are first touched, and shared between processes.
///
/// The mapping lives as long as this object. A file that is replaced by renaming (as `AtomicFile` does) leaves the
/// mapping as it was; a file that another program shortens in place does not, and touching the lost pages ends the
/// program: that is the operating system's rule.
///
/// Sendable: the memory is never written.
public final class MappedFile: @unchecked Sendable {
  /// The file, as the caller named it.
  public let path: String
  /// The contents; valid while this object lives.
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps the whole file.
  ///
  /// - Throws: there is no such file, it is a folder or a device, or reading it is not permitted.
  public init(contentsOf url: URL) throws(FileFormatError) {
    path = url.readablePath
    // Non-blocking: opening a named pipe would wait for a writer.
    let descriptor = url.withUnsafeFileSystemRepresentation { name -> CInt in
      guard let name, url.isFileURL else {
        errno = ENOENT
        return -1
      }
      return CInt(retryingInterruptions { Int(open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) })
    }
    guard descriptor >= 0 else { throw .system(path, code: errno, to: "a readable file") }
    defer { close(descriptor) }
    guard let status = status(of: descriptor) else { throw .system(path, code: errno, to: "a readable file") }
    guard status.isRegularFile else {
      throw FileFormatError(
        path: path, expected: "a readable file", found: status.isFolder ? "a folder" : "a device or a pipe")
    }
    let size = Int(status.st_size)
    // mmap refuses empty mappings.
    isMapped = size > 0
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), Int(bitPattern: memory) != -1 else {
      throw .system(path, code: errno, to: "a readable file")
    }
    bytes = UnsafeRawBufferPointer(start: memory, count: size)
  }

  /// Bytes that are in memory already, copied to where tensors can borrow them.
  package init(copying data: Data, name: String) {
    path = name
    isMapped = false
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 64)
    data.copyBytes(to: memory)
    bytes = UnsafeRawBufferPointer(memory)
  }

  deinit {
    guard let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress) else { return }
    if isMapped { munmap(start, bytes.count) } else { start.deallocate() }
  }
}

extension MappedFile: LentMemory {
  /// Whole pages among these bytes leave memory; whoever reads them again gets them from the file again.
  ///
  /// Weights that are read once, to be converted or transposed, would count twice otherwise: as the pages of the file and
  /// as what was made of them.
  package func isReturned(_ start: UnsafeRawPointer, byteCount: Int) {
    let page = UInt(getpagesize())
    let (first, end) = (UInt(bitPattern: start), UInt(bitPattern: start) + UInt(byteCount))
    let (lower, upper) = ((first + page - 1) / page * page, end / page * page)
    guard isMapped, lower < upper, let pages = UnsafeMutableRawPointer(bitPattern: lower) else { return }
    madvise(pages, Int(upper - lower), MADV_DONTNEED)
  }
}
