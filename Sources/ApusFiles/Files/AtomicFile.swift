// Atomic file replacement: the contents go to a temporary file, which is then renamed into place.
// Read first: SystemCalls.swift. Read next: AtomicFile+Leftovers.swift; SafetensorsWriter.swift, which streams through it.

public import Foundation

/// Writes files so that no reader ever sees a partial one, not even after `kill -9` or a power failure.
///
/// The bytes go to a new file in the same folder (`.apus-….tmp`), which is flushed to disk and then atomically renamed
/// over the destination. If anything fails before that, the old file stays as it was and the new one is removed. If the
/// process is killed, a later write to the same folder removes its temporary file. Symbolic links are followed: the
/// file that the link points to is replaced. The new file keeps the permissions of the file that it replaces.
public enum AtomicFile {
  /// Replaces or creates a file.
  ///
  /// - Throws: if the folder does not exist, if `url` is a folder, or for lack of permission or space.
  public static func write(_ data: Data, to url: URL) throws(FileFormatError) {
    try write(to: url) { (file: borrowing Writer) throws(FileFormatError) in try file.write(data) }
  }

  /// Replaces or creates a file with the contents that `body` writes piece by piece, so that they need not be in memory
  /// all at once.
  ///
  /// - Parameter body: writes the contents; if it throws, the destination is left unchanged.
  /// - Throws: the error that `body` throws; or if the folder does not exist, if `url` is a folder, or for lack of
  ///   permission or space.
  public static func write(
    to url: URL, _ body: (borrowing Writer) throws(FileFormatError) -> Void
  ) throws(FileFormatError) {
    let path = url.readablePath
    let target = try Destination(url)
    removeLeftovers(in: target.folder)
    let number = String(UInt64.random(in: 0 ... .max), radix: 36)
    let temporary = target.folder + "/" + temporaryPrefix + number + temporarySuffix
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
    let descriptor = CInt(retryingInterruptions { Int(open(temporary, flags, 0o666)) })
    guard descriptor >= 0 else {
      let code = errno
      if code == ENOENT {
        throw FileFormatError(
          path: path, expected: "an existing folder to write to", found: "no folder \(target.folder)")
      }
      throw .system(path, code: code, to: "a file that can be written")
    }
    markAsOwned(descriptor)
    var isOpen = true
    do throws(FileFormatError) {
      if let mode = target.mode { fchmod(descriptor, mode) }
      try body(Writer(descriptor: descriptor, path: path))
      guard flush(descriptor) else { throw .system(path, code: errno, to: "a file that can be written") }
      isOpen = false
      // Some file systems report a failed write only here.
      guard close(descriptor) == 0 || errno == EINTR else {
        throw .system(path, code: errno, to: "a file that can be written")
      }
      guard rename(temporary, target.path) == 0 else {
        throw .system(path, code: errno, to: "a file that can be replaced")
      }
    } catch {
      if isOpen { close(descriptor) }
      unlink(temporary)
      throw error
    }
    flushFolder(target.folder)
  }

  /// Forces the written bytes to the disk, not only to the operating system's cache.
  private static func flush(_ descriptor: CInt) -> Bool {
    #if canImport(Darwin)
      // On Darwin, fsync leaves the bytes in the drive's cache.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    return retryingInterruptions { Int(fsync(descriptor)) } == 0
  }

  /// Forces the new name to the disk. Where that is impossible (on some network file systems, or in an unreadable
  /// folder), a power failure may bring back the old file. That file is complete, so this is not an error.
  private static func flushFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = flush(descriptor)
    close(descriptor)
  }
}

extension AtomicFile {
  /// Writes the contents of a file; valid only during the call of the closure that receives it.
  public struct Writer: ~Copyable {
    private let descriptor: CInt
    private let path: String
    /// The most bytes for one call: Darwin refuses to write more than 2³¹ − 1 bytes at once, and Linux writes only a
    /// part.
    private static let maximumByteCount = 1 << 30

    init(descriptor: CInt, path: String) {
      self.descriptor = descriptor
      self.path = path
    }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileFormatError) {
      guard let start = bytes.baseAddress else { return }
      var done = 0
      while done < bytes.count {
        let count = min(bytes.count - done, Writer.maximumByteCount)
        let written = retryingInterruptions { systemWrite(descriptor, start + done, count) }
        guard written > 0 else {
          throw .system(path, code: written < 0 ? errno : ENOSPC, to: "a file that can be written")
        }
        done += written
      }
    }

    /// Appends bytes.
    public func write(_ data: Data) throws(FileFormatError) {
      for region in data.regions {
        try region.withUnsafeBytes { bytes in Result { () throws(FileFormatError) in try write(bytes) } }.get()
      }
    }

    /// Appends text in UTF-8.
    public func write(_ text: String) throws(FileFormatError) { try write(Data(text.utf8)) }
  }

  /// The place that the temporary file is renamed to.
  private struct Destination {
    let path: String
    let folder: String
    /// The permissions of the existing file, if there is one.
    let mode: mode_t?

    init(_ url: URL) throws(FileFormatError) {
      let named = url.readablePath
      guard url.isFileURL else { throw FileFormatError(path: named, expected: "a file", found: "another URL") }
      // `rename` would replace the link itself.
      let resolved = url.resolvingSymlinksInPath()
      path = resolved.path(percentEncoded: false)
      let parent = resolved.deletingLastPathComponent().path(percentEncoded: false)
      folder = parent.count > 1 && parent.hasSuffix("/") ? String(parent.dropLast()) : parent
      var status = stat()
      let exists = stat(path, &status) == 0
      if exists && !status.isRegularFile {
        let found = status.isFolder ? "a folder" : "a device or a pipe"
        throw FileFormatError(path: named, expected: "a file that can be replaced", found: found)
      }
      mode = exists ? status.st_mode & 0o7777 : nil
    }
  }
}

/// The system call, which `Writer.write` would otherwise shadow.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
