// Every public declaration has a documentation comment: a line-based scan that relies on the sources' formatting.
// Read first: PublicDeclarations.swift, the scan. Read next: ProseTests.swift.

import Testing

@Suite struct DocumentationTests {
  private static let declarations = Repository.sources(in: "Sources").flatMap { PublicDeclarations.scan($0) }

  /// The names of this package's protocol requirements: a method that implements one inherits its comment.
  private static let requirements = Set(declarations.filter(\.isRequirement).map(\.name))

  private static let documentedOperators = Set(declarations.filter { $0.isOperator && $0.isDocumented }.map(\.name))

  /// Requirements of well-known protocols of the standard library.
  private static let known: Set = [
    // CustomStringConvertible, Error, Hashable, Comparable
    "description", "debugDescription", "errorDescription", "hash", "==", "<",
    // Codable
    "init(from:)", "encode", "CodingKeys",
    // Collections
    "startIndex", "endIndex", "index", "count", "makeIterator", "next",
    // Literals, raw values, iteration
    "init(arrayLiteral:)", "init(stringLiteral:)", "init(floatLiteral:)", "init(integerLiteral:)",
    "init(dictionaryLiteral:)", "init(rawValue:)", "rawValue", "allCases",
    // Property wrappers
    "wrappedValue", "projectedValue", "init(wrappedValue:)",
    // Result builders
    "buildBlock", "buildExpression", "buildOptional", "buildEither", "buildArray", "buildFinalResult",
    "buildLimitedAvailability", "buildPartialBlock",
  ]

  @Test func theScanSeesTheSources() {
    #expect(Self.declarations.count > 200)
    #expect(Self.declarations.contains { $0.name == "valueAndGradients" && $0.isDocumented })
    #expect(Self.requirements.contains("callAsFunction"))
  }

  @Test func publicDeclarationsAreDocumented() {
    for declaration in Self.declarations where !declaration.isDocumented {
      if declaration.isRequirement {
        Issue.record("\(declaration.place): the requirement '\(declaration.name)' has no comment")
        continue
      }
      if Self.known.contains(declaration.name) || Self.requirements.contains(declaration.name) { continue }
      // One documented overload of an operator is enough: `tensor + tensor` explains `tensor + number`.
      if declaration.isOperator, Self.documentedOperators.contains(declaration.name) { continue }
      // The parameters are properties, which have comments of their own.
      if declaration.isInitializer, declaration.parametersAreProperties { continue }
      Issue.record("\(declaration.place): '\(declaration.name)' has no comment")
    }
  }

  /// A comment must not begin with an empty line.
  @Test func commentsSaySomething() {
    for file in Repository.sources(in: "Sources") {
      var previous = ""
      for (index, line) in file.lines.enumerated() {
        let text = line.trimmed
        if text == "///", !previous.hasPrefix("///") { Issue.record("\(file):\(index + 1): a comment opens empty") }
        previous = text
      }
    }
  }
}
