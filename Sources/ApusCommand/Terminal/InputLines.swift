// Reads standard input line by line without altering the text, and buffers standard output.
// Read next: ../Verbs/TokenizeCommand.swift.

import Foundation

/// An iterator over the lines of a byte source.
///
/// Unlike `readLine`, it splits at `\n` only, keeps `\r` in the line, and does not repair invalid UTF-8.
struct InputLines {
  /// The number of the line returned last, counted from 1.
  private(set) var number = 0
  private let source: (UnsafeMutableRawBufferPointer) throws -> Int
  private var buffer: [UInt8] = []
  /// The start of the next line, and the end of the part already searched for its newline.
  private var (start, scanned) = (0, 0)
  private var isAtEnd = false

  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  /// - Parameter source: fills the start of a buffer and returns the number of bytes written, 0 at the end of the
  ///   input.
  init(_ source: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) { self.source = source }

  /// The lines of standard input.
  static var standardInput: InputLines {
    InputLines { target in
      while true {
        let count = read(STDIN_FILENO, target.baseAddress, target.count)
        if count >= 0 { return count }
        if errno != EINTR { throw CommandFailure("standard input: \(String(cString: strerror(errno)))") }
      }
    }
  }

  /// The next line without its `\n`, or nil after the last line. The last line may lack the `\n`.
  ///
  /// - Parameter beforeWaiting: called before more input is read, once all buffered lines have been returned.
  /// - Throws: an error that names the first invalid byte if the line is not UTF-8, and any error of `source`.
  mutating func next(beforeWaiting: () throws -> Void = {}) throws -> String? {
    while true {
      if let end = buffer[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { (start, scanned) = (end + 1, end + 1) }
        return try line(buffer[start..<end])
      }
      scanned = buffer.count
      if isAtEnd {
        guard start < buffer.count else { return nil }
        defer { start = buffer.count }
        return try line(buffer[start...])
      }
      try beforeWaiting()
      try readMore()
    }
  }

  private mutating func readMore() throws {
    buffer.removeFirst(start)
    (start, scanned) = (0, scanned - start)
    let count = try chunk.withUnsafeMutableBytes { try source($0) }
    buffer.append(contentsOf: chunk[..<count])
    isAtEnd = count == 0
  }

  private mutating func line(_ bytes: ArraySlice<UInt8>) throws -> String {
    number += 1
    if let text = String(validating: bytes, as: UTF8.self) { return text }
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var offset = 0
    while case .valid(let scalar) = parser.parseScalar(from: &iterator) { offset += scalar.count }
    let found = String(bytes[bytes.startIndex + offset], radix: 16, uppercase: true)
    throw CommandFailure(
      "standard input, line \(number), byte \(offset): expected UTF-8 text, found the byte 0x\(found)")
  }
}

/// An output buffer for many short lines, which is written when it is full or flushed.
struct OutputBuffer {
  private(set) var bytes: [UInt8] = []
  private let sink: ([UInt8]) throws -> Void

  private static let capacity = 1 << 16

  /// - Parameter sink: receives the buffered bytes.
  init(_ sink: @escaping ([UInt8]) throws -> Void) { self.sink = sink }

  static var standardOutput: OutputBuffer { OutputBuffer(OutputBuffer.writeToStandardOutput) }

  /// - Throws: the system's error, such as "standard output: No space left on device".
  private static func writeToStandardOutput(_ bytes: [UInt8]) throws {
    try bytes.withUnsafeBytes { buffer in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = write(STDOUT_FILENO, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno != EINTR { throw CommandFailure.outputFailed(errno) }
        rest = rest.dropFirst(max(0, count))
      }
    }
  }

  mutating func append(_ text: some StringProtocol) { bytes.append(contentsOf: text.utf8) }

  mutating func append(_ number: some BinaryInteger) {
    if number < 0 { bytes.append(UInt8(ascii: "-")) }
    var rest = number.magnitude
    let first = bytes.count
    repeat {
      bytes.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    bytes[first...].reverse()
  }

  /// Appends text as a JSON string. All characters that some readers treat as line breaks are escaped.
  mutating func append(json text: String) {
    bytes.append(UInt8(ascii: "\""))
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      bytes.append(contentsOf: text.utf8)
    } else {
      for scalar in text.unicodeScalars {
        switch scalar.value {
        case 0x22, 0x5C:
          bytes.append(UInt8(ascii: "\\"))
          bytes.append(UInt8(truncatingIfNeeded: scalar.value))
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029:
          let digits = String(scalar.value, radix: 16)
          append("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
        default: bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
        }
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  /// Ends a line, and writes the buffer if it is full.
  mutating func endLine() throws {
    bytes.append(UInt8(ascii: "\n"))
    if bytes.count >= OutputBuffer.capacity { try flush() }
  }

  mutating func flush() throws {
    guard !bytes.isEmpty else { return }
    try sink(bytes)
    bytes.removeAll(keepingCapacity: true)
  }
}
