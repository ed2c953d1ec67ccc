// What is wrong with a file: every problem, each with its place, what was expected and what was found.
// Read next: Safetensors.swift, TextFile.swift, whose readers throw it.

import ApusBase

/// All that is wrong with one file, or that kept it from being read or written.
///
/// A reader collects every problem before it gives up, so that a file is not mended one error at a time. The
/// description is one line a problem, each beginning with the file's path:
///
/// ```text
/// model.safetensors: tensor "wte.weight", dtype: expected an element type such as F32 or I64, found "F33"
/// ```
public struct FileFormatError: Error, Equatable, Sendable {
  /// The file, as the caller named it.
  public let path: String
  /// What is wrong, at least one.
  public let problems: [Problem]

  /// - Precondition: there is a problem.
  public init(path: String, problems: [Problem]) {
    require(!problems.isEmpty, "FileFormatError: no problem in \(path)")
    self.path = path
    self.problems = problems
  }

  /// A single problem.
  public init(path: String, place: Place = .file, expected: String, found: String) {
    self.init(path: path, problems: [Problem(place: place, expected: expected, found: found)])
  }
}

extension FileFormatError {
  /// One thing that is wrong.
  public struct Problem: Equatable, Sendable {
    /// Where it is.
    public let place: Place
    /// What the format asks for there.
    public let expected: String
    /// What is there.
    public let found: String

    /// One wrong thing; without a place it is the file as a whole.
    public init(place: Place = .file, expected: String, found: String) {
      self.place = place
      self.expected = expected
      self.found = found
    }
  }

  /// Where in a file something is wrong; a string literal is a key.
  public enum Place: Hashable, Sendable {
    /// The file as a whole: it is missing, a folder, empty.
    case file
    /// The offset of a byte, from 0.
    case byte(Int)
    /// The name of an entry: a tensor, a field of a configuration.
    case key(String)
  }
}

extension FileFormatError.Place: ExpressibleByStringInterpolation, CustomStringConvertible {
  /// A key.
  public init(stringLiteral key: String) { self = .key(key) }

  /// The place in words: `byte 12`, or the key.
  public var description: String {
    switch self {
    case .file: "file"
    case .byte(let offset): "byte \(offset)"
    case .key(let key): key
    }
  }
}

extension FileFormatError: CustomStringConvertible {
  /// One line a problem: the path, the place, what was expected and what was found.
  public var description: String {
    problems.map { problem in
      let place = problem.place == .file ? "" : "\(problem.place): "
      return onOneLine("\(path): \(place)expected \(problem.expected), found \(problem.found)")
    }.joined(separator: "\n")
  }
}

/// `text` with its control characters spelled out.
///
/// Names come from the file: a line break in one would forge a line of the message, an escape sequence would reach the
/// user's terminal.
package func onOneLine(_ text: String) -> String {
  var result = String.UnicodeScalarView()
  for scalar in text.unicodeScalars {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator:
      result.append(contentsOf: scalar.escaped(asASCII: true).unicodeScalars)
    default: result.append(scalar)
    }
  }
  return String(result)
}

/// `text` in quotation marks, for a message: its beginning only if it is long.
package func quoted(_ text: String) -> String {
  let beginning = text.unicodeScalars.prefix(100)
  return "\"\(String(beginning))\(beginning.endIndex < text.endIndex ? "…" : "")\""
}

/// Problems while they are gathered.
///
/// Only the first thousand are kept, the rest counted: a hostile header can hold ten million.
package struct ProblemList {
  private static let capacity = 1000
  private var problems: [FileFormatError.Problem] = []
  private var omitted = 0

  package init() {}

  package var isEmpty: Bool { problems.isEmpty }

  package mutating func add(_ place: FileFormatError.Place, expected: String, found: String) {
    if problems.count < ProblemList.capacity {
      problems.append(.init(place: place, expected: expected, found: found))
    } else {
      omitted += 1
    }
  }

  /// Throws what was gathered, if anything was.
  package func check(path: String) throws(FileFormatError) {
    if isEmpty { return }
    let rest = FileFormatError.Problem(expected: "a sound file", found: "\(omitted) more problems")
    throw FileFormatError(path: path, problems: omitted > 0 ? problems + [rest] : problems)
  }
}

/// A number with its noun, for messages: `1 byte`, `2 bytes`.
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
