// Mapping files, and replacing them atomically.
// Read first: Sources/ApusFiles/Files/AtomicFile.swift.

import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusWeights

@Suite struct FileTests {
  private func path(_ url: URL) -> String { url.path(percentEncoded: false) }

  @Test func mapsWhatIsThere() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "ä file")
      for count in [0, 1, 4095, 4096, 4097] {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 7) }
        try Data(bytes).write(to: url)
        let file = try MappedFile(contentsOf: url)
        withExtendedLifetime(file) { #expect(Array(file.bytes) == bytes) }
        #expect(file.path == path(url))
      }
    }
  }

  @Test func missingFilesAndFolders() throws {
    try withTemporaryFolder { folder in
      func error(_ url: URL) -> String {
        problems { () throws(FileFormatError) in _ = try MappedFile(contentsOf: url) }
      }
      let missing = folder.appending(path: "none")
      #expect(error(missing) == "\(path(missing)): expected a readable file, found no such file")
      #expect(error(folder) == "\(path(folder)): expected a readable file, found a folder")
      let file = folder.appending(path: "file")
      try Data([1]).write(to: file)
      let below = file.appending(path: "x")
      #expect(
        error(below) == "\(path(below)): expected a readable file, found a file where the path needs a folder")
      #expect(
        problems { () throws(FileFormatError) in _ = try SafetensorsFile(contentsOf: missing) }
          == "\(path(missing)): expected a readable file, found no such file")
      let address = try #require(URL(string: "https://example.org/x"))
      #expect(error(address) == "https://example.org/x: expected a readable file, found no such file")
      #expect(
        error(URL(filePath: "/dev/null")) == "/dev/null: expected a readable file, found a device or a pipe")
    }
  }

  @Test(.enabled(if: geteuid() != 0, "root may read everything")) func permission() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "secret")
      try Data([1]).write(to: url)
      chmod(path(url), 0)
      #expect(
        problems { () throws(FileFormatError) in _ = try MappedFile(contentsOf: url) }
          == "\(path(url)): expected a readable file, found no permission")
    }
  }

  @Test func createsAndReplaces() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      try AtomicFile.write(Data([1, 2]), to: url)
      #expect(try Data(contentsOf: url) == Data([1, 2]))
      chmod(path(url), 0o640)
      try AtomicFile.write(to: url) { file throws(FileFormatError) in
        try file.write("é")
        try file.write(Data())
        try file.write(Data([0]))
      }
      #expect(try Data(contentsOf: url) == Data([0xC3, 0xA9, 0]))
      var status = stat()
      stat(path(url), &status)
      #expect(status.st_mode & 0o777 == 0o640)
      #expect(try contents(of: folder) == ["x"])
    }
  }

  @Test func largeFilesArriveWhole() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      let data = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
      try AtomicFile.write(data, to: url)
      #expect(try Data(contentsOf: url) == data)
    }
  }

  @Test func theOldFileIsThereUntilTheEnd() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      try AtomicFile.write(Data("old".utf8), to: url)
      var seen: Data?
      try AtomicFile.write(to: url) { file throws(FileFormatError) in
        try file.write("new")
        // This is the state that a killed process leaves behind.
        seen = try? Data(contentsOf: url)
      }
      #expect(seen == Data("old".utf8))
      #expect(try Data(contentsOf: url) == Data("new".utf8))
    }
  }

  @Test func failureLeavesTheOldFileAndNothingElse() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      try AtomicFile.write(Data("old".utf8), to: url)
      let failure = FileFormatError(path: "p", expected: "luck", found: "none")
      #expect(throws: failure) {
        try AtomicFile.write(to: url) { file throws(FileFormatError) in
          try file.write("half of the ne")
          throw failure
        }
      }
      #expect(try contents(of: folder) == ["x"])
      #expect(try Data(contentsOf: url) == Data("old".utf8))
    }
  }

  @Test func failedRenameLeavesNothingBehind() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      let text = problems { () throws(FileFormatError) in
        try AtomicFile.write(to: url) { file throws(FileFormatError) in
          try file.write("new")
          try? FileManager.default.createDirectory(at: url.appending(path: "y"), withIntermediateDirectories: true)
        }
      }
      #expect(text == "\(path(url)): expected a file that can be replaced, found a folder")
      let names = try contents(of: folder)
      #expect(names == ["x"])
    }
  }

  @Test func leftoversOfKilledProcessesAreRemoved() throws {
    try withTemporaryFolder { folder in
      let names = [".apus-dead.tmp", ".apus-young.tmp", ".apus-owned.tmp", ".other.tmp"]
      for name in names {
        let url = folder.appending(path: name)
        try Data([1]).write(to: url)
        let modified = Date(timeIntervalSinceNow: name == ".apus-young.tmp" ? 0 : -120)
        try FileManager.default.setAttributes([.modificationDate: modified], ofItemAtPath: path(url))
      }
      let owned = open(path(folder.appending(path: ".apus-owned.tmp")), O_RDONLY)
      AtomicFile.markAsOwned(owned)
      defer { close(owned) }
      try AtomicFile.write(Data([2]), to: folder.appending(path: "x"))
      #expect(try contents(of: folder) == [".apus-owned.tmp", ".apus-young.tmp", ".other.tmp", "x"])
    }
  }

  @Test func foldersInTheWay() throws {
    try withTemporaryFolder { folder in
      #expect(
        problems { () throws(FileFormatError) in try AtomicFile.write(Data(), to: folder) }
          == "\(path(folder)): expected a file that can be replaced, found a folder")
      let url = folder.appending(path: "none/x")
      let text = problems { () throws(FileFormatError) in try AtomicFile.write(Data(), to: url) }
      #expect(text.hasPrefix("\(path(url)): expected an existing folder to write to, found no folder "))
      #expect(text.hasSuffix("/none"))
    }
  }

  @Test func linksAreFollowed() throws {
    try withTemporaryFolder { folder in
      let (file, link) = (folder.appending(path: "file"), folder.appending(path: "link"))
      try Data("old".utf8).write(to: file)
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: file)
      try AtomicFile.write(Data("new".utf8), to: link)
      #expect(try Data(contentsOf: file) == Data("new".utf8))
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: path(link)) == path(file))
      #expect(try contents(of: folder) == ["file", "link"])
    }
  }

  @Test func relativePaths() throws {
    try withTemporaryFolder { folder in
      // A relative path from the current folder up to the root and down again.
      let depth = URL(filePath: FileManager.default.currentDirectoryPath).pathComponents.count - 1
      let name = String(repeating: "../", count: depth) + path(folder).dropFirst() + "/x"
      try AtomicFile.write(Data([7]), to: URL(filePath: name))
      #expect(try TextFile.read(URL(filePath: name)) == "\u{7}")
      #expect(try contents(of: folder) == ["x"])
    }
  }

  #if os(Linux)
    @Test func aFullDiskIsAnError() throws {
      let descriptor = open("/dev/full", O_WRONLY)
      try #require(descriptor >= 0)
      defer { close(descriptor) }
      let text = problems { () throws(FileFormatError) in
        try AtomicFile.Writer(descriptor: descriptor, path: "p").write("x")
      }
      #expect(text == "p: expected a file that can be written, found no space left")
    }
  #endif
}
