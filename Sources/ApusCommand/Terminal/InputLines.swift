// Lines of standard input as they are: cut at newlines only, checked, one at a time.
// Read next: ../Verbs/TokenizeCommand.swift.

import Foundation

/// Lines of text from something that gives bytes.
///
/// Unlike `readLine` it cuts at `\n` alone, leaves `\r` in the line, and repairs nothing.
struct InputLines {
  /// The number of the line that was given last, from 1.
  private(set) var number = 0
  private let source: (UnsafeMutableRawBufferPointer) throws -> Int
  private var buffer: [UInt8] = []
  /// Where the next line begins, and where nobody has looked for its end yet.
  private var (start, scanned) = (0, 0)
  private var isAtEnd = false

  private var chunk = [UInt8](repeating: 0, count: 1 << 16)

  /// - Parameter source: fills the beginning of a buffer and returns the number of its bytes, 0 at the end.
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

  /// The next line without its `\n`, nil behind the last one. A last line needs no `\n`.
  ///
  /// - Parameter beforeWaiting: called when all that was read has been given, before more is.
  /// - Throws: the line is no UTF-8, and where it stops being it; or what `source` throws.
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

/// Standard output for many short lines: what is written waits until it is much, or `flush`.
struct OutputBuffer {
  private(set) var bytes: [UInt8] = []
  private let sink: ([UInt8]) throws -> Void

  private static let capacity = 1 << 16

  /// - Parameter sink: takes what has gathered.
  init(_ sink: @escaping ([UInt8]) throws -> Void) { self.sink = sink }

  static var standardOutput: OutputBuffer { OutputBuffer(OutputBuffer.writeToStandardOutput) }

  /// - Throws: what the system says, such as "standard output: No space left on device".
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

  /// A text as JSON, in quotation marks. Everything that some reader takes for the end of a line is escaped.
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

  /// Ends a line.
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
