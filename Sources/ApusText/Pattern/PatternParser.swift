// Parses the regular expressions of tokenizer files to syntax trees. Read first: PatternNode.swift.
// Read next: PatternProgram.swift, which compiles and runs them.

import ApusFiles

/// A syntax error, or a feature that is not supported.
struct PatternError: Error {
  /// The position in the pattern, counted in scalars from 0.
  let position: Int
  let message: String
}

/// Parses the subset of Oniguruma's syntax that tokenizers use, without captures and back-references.
struct PatternParser {
  private let text: [Unicode.Scalar]
  private var position = 0
  private var ignoresCase = false
  private var depth = 0

  private init(_ text: String) { self.text = Array(text.unicodeScalars) }

  static func parse(_ text: String) throws(PatternError) -> PatternNode {
    var parser = PatternParser(text)
    let node = try parser.alternatives()
    if parser.position < parser.text.count { throw parser.error("an unexpected \")\"") }
    return node
  }

  private func error(_ message: String) -> PatternError { PatternError(position: position, message: message) }

  private var next: Unicode.Scalar? { position < text.count ? text[position] : nil }

  private mutating func take(_ word: String) -> Bool {
    guard text[position...].starts(with: word.unicodeScalars) else { return false }
    position += word.unicodeScalars.count
    return true
  }

  private mutating func take() throws(PatternError) -> Unicode.Scalar {
    guard let scalar = next else { throw error("an unexpected end") }
    position += 1
    return scalar
  }

  private mutating func alternatives() throws(PatternError) -> PatternNode {
    depth += 1
    defer { depth -= 1 }
    if depth > 50 { throw error("more than 50 nested groups") }
    // A flag such as (?i) applies up to the end of its group.
    let outer = ignoresCase
    defer { ignoresCase = outer }
    var nodes = [try sequence()]
    while take("|") { nodes.append(try sequence()) }
    return nodes.count == 1 ? nodes[0] : .alternatives(nodes)
  }

  private mutating func sequence() throws(PatternError) -> PatternNode {
    var nodes: [PatternNode] = []
    while let scalar = next, scalar != "|", scalar != ")" {
      if take("(?i)") {
        ignoresCase = true
        continue
      }
      nodes.append(try repeated(atom()))
    }
    return nodes.count == 1 ? nodes[0] : .sequence(nodes)
  }

  private mutating func repeated(_ node: PatternNode) throws(PatternError) -> PatternNode {
    var node = node
    while let scalar = next {
      let count: ClosedRange<Int>
      switch scalar {
      case "*": count = 0...Int.max
      case "+": count = 1...Int.max
      case "?": count = 0...1
      case "{":
        guard let bounds = bounds() else { return node }
        count = bounds
        position -= 1
      default: return node
      }
      position += 1
      let mode: PatternRepeat = take("?") ? .lazy : scalar != "{" && take("+") ? .possessive : .greedy
      if node.width.lowerBound == 0 && count.upperBound > 1 {
        throw error("a repetition of an expression that may be empty")
      }
      node = .repeated(node, count, mode)
    }
    return node
  }

  /// Parses `{2}`, `{2,}`, `{,3}` or `{2,3}`; any other brace is an ordinary character.
  private mutating func bounds() -> ClosedRange<Int>? {
    guard let close = text[position...].firstIndex(of: "}") else { return nil }
    let parts = String(String.UnicodeScalarView(text[position + 1..<close])).split(
      separator: ",", omittingEmptySubsequences: false)
    guard parts.count <= 2, parts.contains(where: { !$0.isEmpty }),
      parts.allSatisfy({ $0.isEmpty || ($0.allSatisfy(\.isNumber) && Int($0) ?? 1001 <= 1000) })
    else { return nil }
    let low = Int(parts[0]) ?? 0
    let high = parts.count == 1 ? low : Int(parts[1]) ?? Int.max
    guard low <= high else { return nil }
    position = close + 1
    return low...high
  }

  private mutating func atom() throws(PatternError) -> PatternNode {
    switch try take() {
    case "(": return try group()
    case "[": return .set(try bracket())
    case ".": return .set(.dot)
    case "^": return .assertion(.lineStart)
    case "$": return .assertion(.lineEnd)
    case "\\": return try escape()
    case let scalar where "*+?".unicodeScalars.contains(scalar): throw error("a repetition of nothing")
    case let scalar: return literal(scalar.value)
    }
  }

  private func literal(_ value: UInt32) -> PatternNode {
    let set = ScalarSet(value...value)
    return .set(ignoresCase ? set.ignoringCase() : set)
  }

  private mutating func group() throws(PatternError) -> PatternNode {
    let outer = ignoresCase
    defer { ignoresCase = outer }
    var wrap: (PatternNode) -> PatternNode = { $0 }
    if take("?i:") {
      ignoresCase = true
    } else if take("?=") {
      wrap = { .look($0, isBehind: false, isNegated: false) }
    } else if take("?!") {
      wrap = { .look($0, isBehind: false, isNegated: true) }
    } else if take("?<=") {
      wrap = { .look($0, isBehind: true, isNegated: false) }
    } else if take("?<!") {
      wrap = { .look($0, isBehind: true, isNegated: true) }
    } else if take("?>") {
      wrap = { .atomic($0) }
    } else if !take("?:"), next == "?" {
      throw error("a group other than (…), (?:…), (?i:…), (?>…) or a lookaround")
    }
    let node = try alternatives()
    guard take(")") else { throw error("an unclosed group") }
    let result = wrap(node)
    if case .look(let inner, isBehind: true, _) = result, inner.width.lowerBound != inner.width.upperBound {
      throw error("a lookbehind of variable length")
    }
    return result
  }

  // MARK: Sets

  private mutating func escape() throws(PatternError) -> PatternNode {
    switch next {
    case "A": return assertion(.textStart)
    case "z": return assertion(.textEnd)
    case "b": return assertion(.wordBoundary)
    case "B": return assertion(.noWordBoundary)
    default: break
    }
    switch try escapedSet() {
    case .set(let set): return .set(set)
    case .value(let value): return literal(value)
    }
  }

  private mutating func assertion(_ assertion: PatternAssertion) -> PatternNode {
    position += 1
    return .assertion(assertion)
  }

  private enum Escaped {
    case set(ScalarSet)
    case value(UInt32)
  }

  /// Parses the rest of an escape sequence after the backslash, inside or outside brackets.
  private mutating func escapedSet(inBrackets: Bool = false) throws(PatternError) -> Escaped {
    let scalar = try take()
    let word = inBrackets ? ScalarSet.wordInBrackets : .word
    switch scalar {
    case "s": return .set(.space)
    case "S": return .set(ScalarSet.space.negated())
    case "w": return .set(word)
    case "W": return .set(word.negated())
    case "d": return .set(.digit)
    case "D": return .set(ScalarSet.digit.negated())
    case "p", "P":
      guard take("{"), let close = text[position...].firstIndex(of: "}") else {
        throw error("a property without braces")
      }
      var name = String(String.UnicodeScalarView(text[position..<close]))
      let isNegated = name.hasPrefix("^") != (scalar == "P")
      if name.hasPrefix("^") { name.removeFirst() }
      guard let set = ScalarSet(property: name) else { throw error("the property \(quoted(name))") }
      position = close + 1
      return .set(isNegated ? set.negated() : set)
    case "n": return .value(0x0A)
    case "r": return .value(0x0D)
    case "t": return .value(0x09)
    case "f": return .value(0x0C)
    case "v": return .value(0x0B)
    case "x": return .value(try hexadecimal(digits: 1...2))
    case "u": return .value(try hexadecimal(digits: 4...4))
    case "0"..."9", "a"..."z", "A"..."Z": throw error("the escape \"\\\(scalar)\"")
    default: return .value(scalar.value)
    }
  }

  private mutating func hexadecimal(digits: ClosedRange<Int>) throws(PatternError) -> UInt32 {
    let isBraced = take("{")
    let most = isBraced ? 6 : digits.upperBound
    let start = position
    while position < text.count, position - start < most, Character(text[position]).isHexDigit { position += 1 }
    guard position > start, isBraced || digits.contains(position - start),
      let value = UInt32(String(String.UnicodeScalarView(text[start..<position])), radix: 16), value <= 0x10FFFF,
      !isBraced || take("}")
    else { throw error("an invalid code point") }
    return value
  }

  private mutating func bracket() throws(PatternError) -> ScalarSet {
    depth += 1
    defer { depth -= 1 }
    if depth > 50 { throw error("more than 50 nested groups") }
    var set = ScalarSet()
    let isNegated = take("^")
    var isFirst = true
    var limits: [ScalarSet] = []
    while isFirst || next != "]" {
      if take("[:"), let close = text[position...].firstIndex(of: ":"), close + 1 < text.count, text[close + 1] == "]" {
        let name = String(String.UnicodeScalarView(text[position..<close]))
        guard ["punct", "digit", "space"].contains(name), let other = ScalarSet(property: name) else {
          throw error("the class \(quoted(name))")
        }
        set.insert(other)
        position = close + 2
      } else if take("[") {
        set.insert(try bracket())
      } else if take("&&") {
        limits.append(set)
        set = ScalarSet()
      } else {
        try insertRange(into: &set)
      }
      isFirst = false
    }
    position += 1
    if ignoresCase { set = set.ignoringCase() }
    if !limits.isEmpty {
      let last = set
      set = ScalarSet()
      set.insert(last)
      for limit in limits { set.intersect(limit) }
      // The negation applies to the intersection.
      var whole = ScalarSet()
      whole.insert(set)
      set = whole
    }
    set.isNegated = isNegated
    return set
  }

  private mutating func insertRange(into set: inout ScalarSet) throws(PatternError) {
    let low: UInt32
    switch try take() {
    case "\\":
      switch try escapedSet(inBrackets: true) {
      case .set(let other):
        set.insert(other)
        return
      case .value(let value): low = value
      }
    case let scalar: low = scalar.value
    }
    guard next == "-", position + 1 < text.count, text[position + 1] != "]" else {
      set.insert(low...low)
      return
    }
    position += 1
    var high = try take().value
    if high == 0x5C {
      guard case .value(let value) = try escapedSet(inBrackets: true) else { throw error("a range up to a class") }
      high = value
    }
    guard low <= high else { throw error("a range that ends before it begins") }
    set.insert(low...high)
  }
}
