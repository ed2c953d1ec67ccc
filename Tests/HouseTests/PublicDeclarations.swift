// Finds public declarations and requirements of public protocols, and whether each has a `///` comment.
// It reads lines, not syntax: `swift format lint` guarantees that a declaration begins on a line of its own.

import Foundation

/// A public declaration, or a requirement of a public protocol.
struct PublicDeclaration {
  let place: String
  /// The name: "matmul", "shape", "+"; for initializers "init(first:)".
  let name: String
  let isRequirement: Bool
  let isDocumented: Bool
  let isInitializer: Bool
  /// For an initializer: whether every parameter has the name of a public property in the same file.
  let parametersAreProperties: Bool

  var isOperator: Bool { name.allSatisfy { !$0.isLetter && $0 != "_" } }
}

enum PublicDeclarations {
  static func scan(_ file: RepositoryFile) -> [PublicDeclaration] {
    let lines = file.lines.map(String.init)
    var result: [PublicDeclaration] = []
    let properties = Set(lines.compactMap { propertyName($0) })
    /// The indentation of the public protocol that contains the line.
    var protocolIndent: Int?
    for (index, line) in lines.enumerated() {
      let text = line.trimmed
      let indent = line.prefix { $0 == " " }.count
      if let outer = protocolIndent, indent <= outer, text.hasPrefix("}") { protocolIndent = nil }
      guard let words = declarationWords(text) else { continue }
      let isPublic = words.contains("public") || words.contains("open")
      let isRequirement = protocolIndent.map { indent == $0 + 2 } ?? false
      guard isPublic || isRequirement, let (keyword, rest) = subject(of: words, in: text) else { continue }
      if isPublic, keyword == "protocol", !text.hasSuffix("{}") { protocolIndent = indent }
      let signature = keyword == "init" ? parameters(from: index, in: lines) : []
      let label = signature.first.map { $0.label + ":" } ?? ""
      let name = keyword == "init" ? "init(\(label))" : declaredName(keyword, rest)
      result.append(
        PublicDeclaration(
          place: "\(file):\(index + 1)", name: name, isRequirement: isRequirement,
          isDocumented: hasComment(above: index, in: lines), isInitializer: keyword == "init",
          parametersAreProperties: signature.allSatisfy { properties.contains($0.name) }))
    }
    return result
  }

  private static let keywords: Set = [
    "class", "struct", "enum", "protocol", "actor", "func", "var", "let", "init", "subscript", "typealias",
    "associatedtype", "macro",
  ]

  private static let modifiers: Set = [
    "public", "open", "package", "internal", "private", "static", "final", "class", "mutating", "nonmutating",
    "override", "convenience", "required", "lazy", "weak", "unowned", "nonisolated", "consuming", "borrowing",
    "indirect", "prefix", "postfix", "infix", "private(set)", "internal(set)", "package(set)",
    "nonisolated(unsafe)", "dynamic",
  ]

  /// The words of a line that begins a declaration, without attributes; nil for other lines.
  private static func declarationWords(_ text: String) -> [String]? {
    var words = text.split(separator: " ").map(String.init)
    while let first = words.first, first.hasPrefix("@") { words.removeFirst() }
    let first = words.first ?? ""
    return modifiers.contains(first) || keywords.contains(baseWord(first)) ? words : nil
  }

  /// "init" for "init(_" and "subscript" for "subscript(axis:".
  private static func baseWord(_ word: String) -> String { String(word.prefix { $0.isLetter }) }

  /// The declaring keyword and the text after it.
  private static func subject(of words: [String], in text: String) -> (keyword: String, rest: String)? {
    for (index, word) in words.enumerated() {
      let base = baseWord(word)
      // `class func` declares a function.
      if word == "class", index + 1 < words.count, ["func", "var"].contains(words[index + 1]) { continue }
      if keywords.contains(base), base == word || ["init", "subscript"].contains(base) {
        return (base, words[(index + 1)...].joined(separator: " "))
      }
      guard modifiers.contains(word) else { return nil }
    }
    return nil
  }

  private static func declaredName(_ keyword: String, _ rest: String) -> String {
    if keyword == "subscript" { return "subscript" }
    let name = rest.prefix { !"(<:={ ".contains($0) }
    // Names of operators may consist of these characters.
    return name.isEmpty ? String(rest.prefix { $0 != " " && $0 != "(" }) : String(name)
  }

  private static func propertyName(_ line: String) -> String? {
    let text = line.trimmed
    guard let words = declarationWords(text), words.contains("public"),
      let (keyword, rest) = subject(of: words, in: text), ["var", "let"].contains(keyword)
    else { return nil }
    return declaredName(keyword, rest)
  }

  /// The labels and names of an initializer's parameters.
  private static func parameters(from start: Int, in lines: [String]) -> [(label: String, name: String)] {
    var text = ""
    for line in lines[start...].prefix(20) {
      text += line.code + " "
      if line.code.contains("{") { break }
    }
    guard let keyword = text.range(of: "init"), let open = text[keyword.upperBound...].firstIndex(of: "(") else {
      return []
    }
    var (depth, parts, current) = (0, [String](), "")
    scan: for character in text[open...] {
      switch character {
      case "(", "[", "<", "{":
        depth += 1
        if depth > 1 { current.append(character) }
      case ")", "]", ">", "}":
        // The arrow of a function type is not a closing bracket.
        if character == ">", current.hasSuffix("-") { continue }
        depth -= 1
        if depth == 0 { break scan }
        current.append(character)
      case "," where depth == 1:
        parts.append(current)
        current = ""
      default: current.append(character)
      }
    }
    parts.append(current)
    return parts.compactMap { part in
      let words = part.prefix { $0 != ":" }.split(separator: " ").filter { !$0.hasPrefix("@") }.map(String.init)
      guard let label = words.first, let name = words.last else { return nil }
      return (label, name)
    }
  }

  /// Whether a documentation comment is above a line, with at most attributes and compilation conditions in between.
  private static func hasComment(above index: Int, in lines: [String]) -> Bool {
    for line in lines[..<index].reversed() {
      let text = line.trimmed
      if text.hasPrefix("///") { return true }
      if text.hasPrefix("@") || text.hasPrefix("#if") || text.hasPrefix("// swift-format-ignore") { continue }
      return false
    }
    return false
  }
}
