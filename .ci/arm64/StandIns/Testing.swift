// Stands in for Swift Testing: what the kernel tests use of it, as plain functions, and a list of all cases.
// Read first: plain-tests.awk, which makes the tests call them.

/// A line of the file that a test is in.
public typealias SourceLocation = Int

public protocol CustomTestStringConvertible {
  var testDescription: String { get }
}

public enum Issue {
  fileprivate nonisolated(unsafe) static var count = 0

  public static func record(_ comment: String, sourceLocation: SourceLocation = #line) {
    count += 1
    // A few show what is wrong.
    if count <= 10 { print("  line \(sourceLocation): \(comment)") }
  }
}

public func expect(
  _ condition: Bool, _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #line
) {
  if !condition { Issue.record("expectation failed: \(comment())", sourceLocation: sourceLocation) }
}

/// Every test function with each of its arguments.
public struct TestList {
  private var cases: [(name: String, run: () -> Void)] = []
  private var (last, repetitions) = ("", 0)

  public init() {}

  /// Adds a case, whose name is the function's and, from the second on, a number: `SortTests.sort`, `SortTests.sort/2`, …
  public mutating func add(_ function: String, _ run: @escaping () -> Void) {
    (last, repetitions) = (function, function == last ? repetitions + 1 : 1)
    cases.append((repetitions == 1 ? function : "\(function)/\(repetitions)", run))
  }

  /// Prints the names of all cases, or runs one; returns the status that the program ends with.
  public func main(_ name: String?) -> Int32 {
    guard let name else {
      for test in cases { print(test.name) }
      return 0
    }
    guard let test = cases.first(where: { $0.name == name }) else {
      print("\(name): there is no such case")
      return 2
    }
    test.run()
    print(Issue.count == 0 ? "\(name): passed" : "\(name): \(Issue.count) issues")
    return Issue.count == 0 ? 0 : 1
  }
}

// Embedded Swift describes only values that describe themselves; the messages of tests contain others.
extension DefaultStringInterpolation {
  public mutating func appendInterpolation<Value>(_ value: Value) { appendLiteral("…") }

  public mutating func appendInterpolation<Value: CaseIterable & Equatable>(_ value: Value) {
    appendLiteral("case \(Value.allCases.enumerated().first { $0.element == value }?.offset ?? -1)")
  }

  public mutating func appendInterpolation<Element: CustomStringConvertible>(_ values: [Element]) {
    appendLiteral("[" + values.map { $0.description }.joined(separator: ", ") + "]")
  }
}
