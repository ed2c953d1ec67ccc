// The operating system's file calls, with its errors in our words.
// Read next: MappedFile.swift, AtomicFile.swift.

import Foundation

extension FileFormatError {
  /// The operating system refused to do something with a file.
  ///
  /// - Parameter code: `errno`, read directly after the call.
  static func system(_ path: String, code: CInt, to purpose: String) -> FileFormatError {
    let found =
      switch code {
      case ENOENT: "no such file"
      case ENOTDIR: "a file in place of one of its folders"
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
  /// The path as people write it.
  package var readablePath: String { isFileURL ? path(percentEncoded: false) : absoluteString }
}

/// Calls `body` again for as long as a signal interrupts it.
func retryingInterruptions(_ body: () -> Int) -> Int {
  while true {
    let result = body()
    if result >= 0 || errno != EINTR { return result }
  }
}

/// The open file's status, or nil.
func status(of descriptor: CInt) -> stat? {
  var status = stat()
  return fstat(descriptor, &status) == 0 ? status : nil
}

extension stat {
  var isFolder: Bool { st_mode & S_IFMT == S_IFDIR }
  var isRegularFile: Bool { st_mode & S_IFMT == S_IFREG }
}
