// Reads typed values from a config.json and collects everything that is wrong with it.
// Read first: JSONDocument.swift. Read next: ConfigurationReader+Sizes.swift, ModelFolder.swift;
// ApusLanguage/BERT/BERT+Checkpoint.swift uses it.

public import Foundation

/// A configuration file that is read key by key.
///
/// If a value is missing or invalid, the reader notes the problem and returns a placeholder, so that reading can
/// continue. `check` then throws all problems at once. Keys that nobody asks for are ignored.
///
/// ```swift
/// let width = file.integer("hidden_size", default: 768)
/// file.expect("is_decoder", false)           // a value that would change the mathematics
/// try file.check()
/// ```
public final class ConfigurationReader {
  /// The path of the file.
  public let path: String
  private let fields: [String: JSONDocument]
  /// The path of this object in the file, such as `text_config.`; empty at the top level.
  private let prefix: String
  private let problems: Problems

  private final class Problems {
    var list = ProblemList()
    var keys: Set<String> = []
    var limits = SizeLimits.none
  }

  /// Opens a file.
  ///
  /// - Throws: if it cannot be read, or is not a JSON object.
  public convenience init(contentsOf url: URL) throws(FileFormatError) {
    try self.init(JSONDocument(contentsOf: url), path: url.readablePath)
  }

  /// Reads a document that is already in memory.
  init(_ document: JSONDocument, path: String) throws(FileFormatError) {
    self.path = path
    prefix = ""
    problems = Problems()
    guard let members = document.members else {
      throw FileFormatError(path: path, expected: "an object", found: document.summary)
    }
    fields = members
  }

  /// The objects of a file that contains an array of objects.
  ///
  /// - Throws: if the file cannot be read, or contains something else.
  public static func elements(of url: URL) throws(FileFormatError) -> [ConfigurationReader] {
    let document = try JSONDocument(contentsOf: url)
    guard case .array(let elements) = document else {
      throw FileFormatError(path: url.readablePath, expected: "an array of objects", found: document.summary)
    }
    var readers: [ConfigurationReader] = []
    for (index, element) in elements.enumerated() {
      guard let members = element.members else {
        throw FileFormatError(
          path: url.readablePath, place: .key("[\(index)]"), expected: "an object", found: element.summary)
      }
      readers.append(ConfigurationReader(members, prefix: "[\(index)].", path: url.readablePath))
    }
    return readers
  }

  private init(_ fields: [String: JSONDocument], prefix: String, path: String) {
    (self.fields, self.prefix, self.path, problems) = (fields, prefix, path, Problems())
  }

  private init(_ fields: [String: JSONDocument], prefix: String, of parent: ConfigurationReader) {
    (self.fields, self.prefix) = (fields, prefix)
    (path, problems) = (parent.path, parent.problems)
  }

  /// The names of all fields.
  public var keys: [String] { fields.keys.sorted() }

  /// Whether the file has the key with a value other than null.
  public func has(_ key: String) -> Bool { value(key) != nil }

  /// Whether the file has the key and its value is null.
  public func isNull(_ key: String) -> Bool { fields[key]?.isNull ?? false }

  // MARK: Values

  /// A whole number. Without a default, the key is required.
  public func integer(_ key: String, default standard: Int? = nil, in range: ClosedRange<Int> = 1...0x7FFF_FFFF) -> Int
  {
    guard let value = value(key) else { return standard ?? missing(key, "a whole number", range.lowerBound) }
    guard case .number(let digits) = value, let number = wholeNumber(digits), range.contains(number) else {
      note(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", found: value.summary)
      return standard ?? range.lowerBound
    }
    return number
  }

  /// A whole number that may be null. The default applies if the key is absent.
  public func optionalInteger(
    _ key: String, default standard: Int? = nil, in range: ClosedRange<Int> = 0...0x7FFF_FFFF
  ) -> Int? {
    if isNull(key) { return nil }
    return has(key) ? integer(key, in: range) : standard
  }

  /// A number. Without a default, the key is required.
  public func number(_ key: String, default standard: Float? = nil) -> Float {
    guard let value = value(key) else { return standard ?? missing(key, "a number", 0) }
    guard case .number(let digits) = value, let number = Float(digits), number.isFinite else {
      note(key, expected: "a number", found: value.summary)
      return standard ?? 0
    }
    return number
  }

  /// A dropout probability, 0 ≤ p < 1.
  public func dropout(_ key: String, default standard: Float = 0) -> Float {
    let probability = number(key, default: standard)
    if (0..<1).contains(probability) { return probability }
    note(key, expected: "a probability of at least 0 and below 1", found: "\(probability)")
    return 0
  }

  /// A boolean.
  public func flag(_ key: String, default standard: Bool) -> Bool {
    guard let value = value(key) else { return standard }
    if case .bool(let flag) = value { return flag }
    note(key, expected: "true or false", found: value.summary)
    return standard
  }

  /// A string, or nil if the key is absent.
  public func string(_ key: String) -> String? {
    guard let value = value(key) else { return nil }
    if case .string(let text) = value { return text }
    note(key, expected: "a string", found: value.summary)
    return nil
  }

  /// One of several words, mapped to its value.
  ///
  /// - Parameters:
  ///   - standard: the word that applies if the key is absent; nil if the key is required.
  ///   - table: the words and their values; not empty.
  public func choice<Value>(_ key: String, default standard: String? = nil, _ table: [(name: String, value: Value)])
    -> Value
  {
    let known = table.map { "\"\($0.name)\"" }.joined(separator: ", ")
    if !has(key), standard == nil {
      note(key, expected: "one of \(known)", found: "nothing")
    } else if let word = has(key) ? string(key) : standard {
      if let match = table.first(where: { $0.name == word }) { return match.value }
      note(key, expected: "one of \(known)", found: quoted(word))
    }
    return table[0].value
  }

  /// The strings of an array, or nil if the key is absent.
  public func strings(_ key: String) -> [String]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else {
      note(key, expected: "an array of strings", found: value.summary)
      return nil
    }
    return elements.compactMap { element in
      if case .string(let text) = element { return text }
      note(key, expected: "an array of strings", found: "\(element.summary) in it")
      return nil
    }
  }

  /// The strings of an array, or a single string; empty if the key is absent.
  public func oneOrMoreStrings(_ key: String) -> [String] {
    if case .string(let text)? = value(key) { return [text] }
    return strings(key) ?? []
  }

  /// The integers of an array, or nil if the key is absent.
  public func integers(_ key: String) -> [Int]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else {
      note(key, expected: "an array of whole numbers", found: value.summary)
      return nil
    }
    return elements.compactMap { element in
      if case .number(let digits) = element, let number = wholeNumber(digits) { return number }
      note(key, expected: "an array of whole numbers", found: "\(element.summary) in it")
      return nil
    }
  }

  /// The numbers of an array, or nil if the key is absent.
  public func numbers(_ key: String) -> [Float]? {
    guard let value = value(key) else { return nil }
    guard case .array(let elements) = value else {
      note(key, expected: "an array of numbers", found: value.summary)
      return nil
    }
    return elements.compactMap { element in
      if case .number(let digits) = element, let number = Float(digits), number.isFinite { return number }
      note(key, expected: "an array of numbers", found: "\(element.summary) in it")
      return nil
    }
  }

  /// A nested object, whose problems are collected with those of this one; nil if the key is absent.
  public func object(_ key: String) -> ConfigurationReader? {
    guard let value = value(key) else { return nil }
    if let members = value.members {
      return ConfigurationReader(members, prefix: "\(prefix)\(key).", of: self)
    }
    note(key, expected: "an object", found: value.summary)
    return nil
  }

  /// The class labels (`id2label`) in order of their ids; nil if there are none.
  public var labels: [String]? {
    guard let table = object("id2label") else { return nil }
    let texts = (0..<table.fields.count).compactMap { table.string("\($0)") }
    guard texts.count == table.fields.count else {
      note("id2label", expected: "a string for every class from 0 on", found: "other keys")
      return nil
    }
    return texts
  }

  // MARK: Problems

  /// Upper bounds for the sizes in this file, including those in nested objects.
  package var limits: SizeLimits {
    get { problems.limits }
    set { problems.limits = newValue }
  }

  /// Whether any problem has been noted so far.
  public var hasProblems: Bool { !problems.list.isEmpty }

  /// Whether a problem has been noted for a key.
  func isNoted(_ key: String) -> Bool { problems.keys.contains(prefix + key) }

  /// Checks that a setting has the expected value, is null, or is absent. Any other value would change the computation.
  public func expect(_ key: String, _ expected: Bool) {
    if let value = value(key), value != .bool(expected) { note(key, expected: "\(expected)", found: value.summary) }
  }

  /// Checks that a setting has one of the expected values, is null, or is absent. Any other value would change the
  /// computation.
  public func expect(_ key: String, _ expected: String...) {
    guard let value = value(key), !expected.contains(where: { value == .string($0) }) else { return }
    note(key, expected: expected.map(quoted).joined(separator: " or "), found: value.summary)
  }

  /// Checks that one size is a multiple of another, if both could be read.
  public func expect(_ key: String, _ size: Int, isMultipleOf divisorKey: String, _ divisor: Int) {
    guard !isNoted(key), !isNoted(divisorKey) else { return }
    if divisor < 1 || size % divisor != 0 {
      note(key, expected: "a multiple of \(divisorKey), \(divisor)", found: "\(size)")
    }
  }

  /// Notes a problem with a key.
  public func note(_ key: String, expected: String, found: String) {
    problems.keys.insert(prefix + key)
    problems.list.add(.key(prefix + key), expected: expected, found: found)
  }

  /// Throws all problems that were noted, if there are any.
  public func check() throws(FileFormatError) { try problems.list.check(path: path) }

  private func value(_ key: String) -> JSONDocument? {
    guard let value = fields[key], !value.isNull else { return nil }
    return value
  }

  private func missing<Value>(_ key: String, _ expected: String, _ placeholder: Value) -> Value {
    note(key, expected: expected, found: "nothing")
    return placeholder
  }

  /// The integer that these digits stand for; some writers put 12.0 for 12.
  private func wholeNumber(_ digits: String) -> Int? { Int(digits) ?? Double(digits).flatMap { Int(exactly: $0) } }
}
