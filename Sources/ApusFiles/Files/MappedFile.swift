// Memory-mapped files: a file's bytes as memory, without reading them first.
// Read first: SystemCalls.swift. Read next: Safetensors.swift, whose tensors borrow this memory.

import ApusBase
public import Foundation

/// The bytes of a file, mapped read-only: the system reads a page when it is first touched, and processes share pages.
///
/// The mapping lives as long as this object. If the file is replaced by renaming (as `AtomicFile` does), the mapping
/// keeps the old contents. If another program truncates the file in place, the operating system ends the process when
/// it touches the lost pages.
///
/// The class is Sendable because nothing ever writes to the memory.
public final class MappedFile: @unchecked Sendable {
  /// The file, as the caller named it.
  public let path: String
  /// The contents, valid while this object lives.
  public let bytes: UnsafeRawBufferPointer
  private let isMapped: Bool

  /// Maps the whole file.
  ///
  /// - Throws: if there is no such file, if it is a folder or a device, or if it cannot be read for lack of permission.
  public init(contentsOf url: URL) throws(FileFormatError) {
    path = url.readablePath
    // Non-blocking, because opening a named pipe would otherwise wait for a writer.
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
    // `mmap` refuses empty mappings.
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

  /// Copies bytes that are already in memory, so that tensors can borrow them.
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
  /// Removes the whole pages among these bytes from memory; a later access reads them from the file again.
  ///
  /// Without this, weights that are read once to be converted or transposed would use memory twice: for the file's
  /// pages and for the converted copy.
  package func isReturned(_ start: UnsafeRawPointer, byteCount: Int) {
    let page = UInt(getpagesize())
    let (first, end) = (UInt(bitPattern: start), UInt(bitPattern: start) + UInt(byteCount))
    let (lower, upper) = ((first + page - 1) / page * page, end / page * page)
    guard isMapped, lower < upper, let pages = UnsafeMutableRawPointer(bitPattern: lower) else { return }
    madvise(pages, Int(upper - lower), MADV_DONTNEED)
  }
}
