// File-related system calls, and error messages for their error codes.
// Read next: MappedFile.swift, AtomicFile.swift.

import Foundation

extension FileFormatError {
  /// An error that the operating system reported for a file.
  ///
  /// - Parameter code: `errno`, read directly after the call.
  static func system(_ path: String, code: CInt, to purpose: String) -> FileFormatError {
    let found =
      switch code {
      case ENOENT: "no such file"
      case ENOTDIR: "a file where the path needs a folder"
      case EISDIR: "a folder"
      case EACCES, EPERM: "no permission"
      case EROFS: "a read-only file system"
      case ENOSPC, EDQUOT: "no space left"
      case ENAMETOOLONG: "a name that is too long"
      default: String(cString: strerror(code))
      }
    return FileFormatError(path: path, expected: purpose, found: found)
  }
}

extension URL {
  /// The path for messages, without percent encoding.
  package var readablePath: String { isFileURL ? path(percentEncoded: false) : absoluteString }
}

/// Repeats `body` as long as a signal interrupts it.
func retryingInterruptions(_ body: () -> Int) -> Int {
  while true {
    let result = body()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// The status of an open file, or nil.
func status(of descriptor: CInt) -> stat? {
  var status = stat()
  return fstat(descriptor, &status) == 0 ? status : nil
}

extension stat {
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
}
