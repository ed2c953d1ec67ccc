// The error for a broken file. It lists every problem with its place, what was expected and what was found.
// Read next: Safetensors.swift, TextFile.swift, whose readers throw it.

import ApusBase

/// Everything that is wrong with one file, or the reason why it could not be read or written.
///
/// A reader collects every problem before it throws, so that nobody has to repair a file one error at a time. The
/// description has one line per problem, which begins with the path of the file:
///
/// ```text
/// model.safetensors: tensor "wte.weight", dtype: expected an element type such as F32 or I64, found "F33"
/// ```
public struct FileFormatError: Error, Equatable, Sendable {
  /// The file, as the caller named it.
  public let path: String
  /// The problems, at least one.
  public let problems: [Problem]

  /// An error with several problems.
  ///
  /// - Precondition: `problems` is not empty.
  public init(path: String, problems: [Problem]) {
    require(!problems.isEmpty, "FileFormatError: the list of problems for \(path) is empty")
    self.path = path
    self.problems = problems
  }

  /// An error with a single problem.
  public init(path: String, place: Place = .file, expected: String, found: String) {
    self.init(path: path, problems: [Problem(place: place, expected: expected, found: found)])
  }
}

extension FileFormatError {
  /// One problem in a file.
  public struct Problem: Equatable, Sendable {
    /// The place of the problem.
    public let place: Place
    /// The requirement of the format at that place.
    public let expected: String
    /// The contents at that place.
    public let found: String

    /// A problem at a place in the file; by default it concerns the file as a whole.
    public init(place: Place = .file, expected: String, found: String) {
      self.place = place
      self.expected = expected
      self.found = found
    }
  }

  /// A place in a file; a string literal is a key.
  public enum Place: Hashable, Sendable {
    /// The file as a whole, for example if it is missing, empty or a folder.
    case file
    /// The offset of a byte, counted from 0.
    case byte(Int)
    /// The name of an entry, such as a tensor or a configuration field.
    case key(String)
  }
}

extension FileFormatError.Place: ExpressibleByStringInterpolation, CustomStringConvertible {
  /// The place of an entry, by its key.
  public init(stringLiteral key: String) { self = .key(key) }

  /// The place as text: `byte 12`, or the key.
  public var description: String {
    switch self {
    case .file: "file"
    case .byte(let offset): "byte \(offset)"
    case .key(let key): key
    }
  }
}

extension FileFormatError: CustomStringConvertible {
  /// One line per problem: the path, the place, what was expected and what was found.
  public var description: String {
    problems.map { problem in
      let place = problem.place == .file ? "" : "\(problem.place): "
      return onOneLine("\(path): \(place)expected \(problem.expected), found \(problem.found)")
    }.joined(separator: "\n")
  }
}

/// `text` with its control characters escaped.
///
/// Names come from the file. A line break in a name would forge a line of the message, and an escape sequence would
/// reach the user's terminal.
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

/// `text` in quotation marks, for a message; long text is cut off.
package func quoted(_ text: String) -> String {
  let beginning = text.unicodeScalars.prefix(100)
  return "\"\(String(beginning))\(beginning.endIndex < text.endIndex ? "…" : "")\""
}

/// Collects the problems of one file.
///
/// Only the first thousand are kept and the others are counted, because a hostile header can contain ten million.
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

  /// Throws the collected problems, if there are any.
  package func check(path: String) throws(FileFormatError) {
    if isEmpty { return }
    let rest = FileFormatError.Problem(expected: "a valid file", found: "\(omitted) more problems")
    throw FileFormatError(path: path, problems: omitted > 0 ? problems + [rest] : problems)
  }
}

/// A number with its noun, for messages: `1 byte`, `2 bytes`.
package func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
