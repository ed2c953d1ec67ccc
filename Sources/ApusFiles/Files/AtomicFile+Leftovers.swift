// What killed processes leave behind is removed by the next one that writes to the folder.
// Read first: AtomicFile.swift.

import Foundation

extension AtomicFile {
  static let temporaryPrefix = ".apus-"
  static let temporarySuffix = ".tmp"
  /// In its first moments a temporary file has no lock yet.
  private static let leastAge = 60

  /// Marks a temporary file as being written: the system takes the mark off when the process ends, however it ends.
  static func markAsOwned(_ descriptor: CInt) { _ = flock(descriptor, LOCK_EX | LOCK_NB) }

  /// Removes the temporary files of this folder that nobody writes any more.
  ///
  /// What cannot be removed stays: this is tidying, and no reason for a write to fail.
  static func removeLeftovers(in folder: String) {
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: folder) else { return }
    for name in names where name.hasPrefix(temporaryPrefix) && name.hasSuffix(temporarySuffix) {
      let path = folder + "/" + name
      let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      guard let status = status(of: descriptor), status.isRegularFile, status.age >= leastAge else { continue }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { unlink(path) }
    }
  }
}

extension stat {
  /// The seconds since the last change.
  fileprivate var age: Int {
    #if canImport(Darwin)
      time(nil) - st_mtimespec.tv_sec
    #else
      time(nil) - st_mtim.tv_sec
    #endif
  }
}
