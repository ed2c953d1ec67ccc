// Every public declaration has a documentation comment: a scan of lines that knows the sources' formatting.
// Read first: PublicDeclarations.swift, the scan.

import Testing

@Suite struct DocumentationTests {
  private static let declarations = Repository.sources(in: "Sources").flatMap { PublicDeclarations.scan($0) }

  /// Names of protocol requirements of this package: a method that fulfils one inherits its comment.
  private static let requirements = Set(declarations.filter(\.isRequirement).map(\.name))

  private static let documentedOperators = Set(declarations.filter { $0.isOperator && $0.isDocumented }.map(\.name))

  /// Requirements of the standard library's protocols, which everybody knows.
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
      // `tensor + number` beside `tensor + tensor`: one of an operator's overloads explains them all.
      if declaration.isOperator, Self.documentedOperators.contains(declaration.name) { continue }
      // Its parameters are the properties beside it, which have comments.
      if declaration.isInitializer, declaration.parametersAreProperties { continue }
      Issue.record("\(declaration.place): '\(declaration.name)' has no comment")
    }
  }

  /// A summary ends a sentence or is a formula or a phrase; what it may not be is empty.
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
