// Removes the temporary files that killed processes left behind; the next write to the folder does it.
// Read first: AtomicFile.swift.

import Foundation

extension AtomicFile {
  static let temporaryPrefix = ".apus-"
  static let temporarySuffix = ".tmp"
  /// The minimum age in seconds of a file that may be removed: a temporary file has no lock right after its creation.
  private static let minimumAge = 60

  /// Locks a temporary file to show that it is being written. The system releases the lock when the process ends, for
  /// any reason.
  static func markAsOwned(_ descriptor: CInt) { _ = flock(descriptor, LOCK_EX | LOCK_NB) }

  /// Removes the temporary files in this folder that no process is writing any more.
  ///
  /// Files that cannot be removed stay. This is only cleanup and must not make a write fail.
  static func removeLeftovers(in folder: String) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
    for name in names where name.hasPrefix(temporaryPrefix) && name.hasSuffix(temporarySuffix) {
      let path = folder + "/" + name
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard let status = status(of: descriptor), status.isRegularFile, status.age >= minimumAge else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    }
  }
}

extension stat {
  /// The seconds since the last modification.
  fileprivate var age: Int {
    #if canImport(Darwin)
      time(nil) - st_mtimespec.tv_sec
    #else
      time(nil) - st_mtim.tv_sec
    #endif
  }
}
