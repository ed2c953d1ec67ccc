// Files that are whole at every moment: written beside, then renamed into place.
// Read first: SystemCalls.swift. Read next: AtomicFile+Leftovers.swift; SafetensorsWriter.swift, which streams through it.

public import Foundation

/// Writes files so that nobody ever sees half of one, not even after `kill -9` or a power cut.
///
/// The bytes go to a new file in the same folder (`.apus-….tmp`), which is flushed to the disk and then renamed over
/// the destination, in one step for every observer. If anything fails on the way, the old file stays as it was and
/// the new one is removed. What a killed process leaves of it is removed by a later write to the folder. A symbolic link
/// is followed: the file it points to is replaced. The permissions of the file that is replaced are kept.
public enum AtomicFile {
  /// Replaces or creates a file.
  ///
  /// - Throws: the folder does not exist, `url` is a folder, there is no permission or no space.
  public static func write(_ data: Data, to url: URL) throws(FileFormatError) {
    try write(to: url) { (file: borrowing Writer) throws(FileFormatError) in try file.write(data) }
  }

  /// Replaces or creates a file with what `body` writes, piece by piece, so that it need not be in memory as a whole.
  ///
  /// - Parameter body: writes the contents; if it throws, nothing has happened.
  /// - Throws: what `body` throws; or the folder does not exist, `url` is a folder, there is no permission or no space.
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

  /// Has the disk store what was written, not only the operating system know of it.
  private static func flush(_ descriptor: CInt) -> Bool {
    #if canImport(Darwin)
      // On Darwin, fsync leaves the bytes in the drive's cache.
      if fcntl(descriptor, F_FULLFSYNC) == 0 { return true }
    #endif
    return retryingInterruptions { Int(fsync(descriptor)) } == 0
  }

  /// Has the disk store the new name. Where that is impossible (some network file systems, an unreadable folder) a
  /// power cut may bring the old file back: whole, so it is no error.
  private static func flushFolder(_ folder: String) {
    let descriptor = open(folder, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    _ = flush(descriptor)
    close(descriptor)
  }
}

extension AtomicFile {
  /// Takes the contents of a file that is being written; valid only during the call that it is handed to.
  public struct Writer: ~Copyable {
    private let descriptor: CInt
    private let path: String
    /// Darwin refuses to write more than 2³¹ − 1 bytes at once, Linux writes a part.
    private static let mostAtOnce = 1 << 30

    init(descriptor: CInt, path: String) {
      self.descriptor = descriptor
      self.path = path
    }

    /// Appends bytes.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FileFormatError) {
      guard let start = bytes.baseAddress else { return }
      var done = 0
      while done < bytes.count {
        let count = min(bytes.count - done, Writer.mostAtOnce)
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

    /// Appends text, in UTF-8.
    public func write(_ text: String) throws(FileFormatError) { try write(Data(text.utf8)) }
  }

  /// Where the renamed file goes.
  private struct Destination {
    let path: String
    let folder: String
    /// The permissions of the file that is there, if one is.
    let mode: mode_t?

    init(_ url: URL) throws(FileFormatError) {
      let named = url.readablePath
      guard url.isFileURL else { throw FileFormatError(path: named, expected: "a file", found: "an address") }
      // Rename would replace the link itself.
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

/// The call that `Writer.write` would hide.
private func systemWrite(_ descriptor: CInt, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
  write(descriptor, bytes, count)
}
