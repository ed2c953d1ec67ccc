// Character sets in regular expressions, such as `[^\r\n\p{L}]`. Read first: ../Unicode/ScalarProperties.swift.
// Read next: PatternParser.swift.

/// A set of scalars: a union of categories, ranges and other sets, or the complement of that.
struct ScalarSet: Sendable {
  /// General categories, one bit each.
  private(set) var categories: UInt32 = 0
  /// Whether white space is included.
  private(set) var hasSpace = false
  /// Whether word characters are included: letters, marks, digits and connectors.
  private(set) var hasWord = false
  private(set) var ranges: [ClosedRange<UInt32>] = []
  private(set) var others: [ScalarSet] = []
  /// Sets that must contain the scalar as well, as in `[a-z&&[^b]]`.
  private(set) var limits: [ScalarSet] = []
  var isNegated = false
  /// A bit mask of the ASCII characters in the set, for speed; see `prepared`.
  private(set) var ascii: (low: UInt64, high: UInt64) = (0, 0)

  init() {}

  init(_ values: ClosedRange<UInt32>...) { ranges = values }

  static let space = ScalarSet { $0.hasSpace = true }
  /// `[\w]`
  static let wordInBrackets = ScalarSet { $0.hasWord = true }
  /// `\w`. Outside brackets, it also contains ², ³, ¹, ¼, ½ and ¾.
  static let word = ScalarSet {
    $0.hasWord = true
    $0.ranges = [0xB2...0xB3, 0xB9...0xB9, 0xBC...0xBE]
  }
  static let digit = ScalarSet { $0.categories = 1 << 8 }
  /// All scalars except the line feed.
  static let dot = ScalarSet {
    $0.ranges = [0x0A...0x0A]
    $0.isNegated = true
  }

  private init(_ make: (inout ScalarSet) -> Void) { make(&self) }

  /// The set of a general category or a group of categories, such as "L", "Lu" or "Letter"; nil for any other name.
  init?(property name: String) {
    let groups = [
      "Letter": "L", "Number": "N", "Mark": "M", "Punctuation": "P", "Punct": "P", "Symbol": "S", "Separator": "Z",
      "Other": "C", "punct": "[:punct:]", "digit": "Nd", "Alpha": "Alphabetic",
    ]
    let short = groups[name] ?? name
    // Oniguruma treats symbols as punctuation here.
    let wanted = short == "[:punct:]" ? ["P", "S"] : [short]
    for (i, category) in Category.names.enumerated()
    where wanted.contains(category) || wanted.contains(String(category.prefix(1))) {
      categories |= 1 << UInt32(i)
    }
    if name == "space" { hasSpace = true }
    if categories == 0 && !hasSpace { return nil }
  }

  func negated() -> ScalarSet {
    var result = self
    result.isNegated.toggle()
    return result
  }

  mutating func insert(_ range: ClosedRange<UInt32>) { ranges.append(range) }

  mutating func insert(_ other: ScalarSet) { others.append(other) }

  mutating func intersect(_ other: ScalarSet) { limits.append(other) }

  /// Adds the other case of every ASCII letter, and the characters that fold to one.
  func ignoringCase() -> ScalarSet {
    var result = self
    for range in ranges {
      for letter in UInt32(0x41)...0x5A {
        if range.contains(letter) { result.ranges.append(letter + 32...letter + 32) }
        if range.contains(letter + 32) { result.ranges.append(letter...letter) }
      }
      if range.contains(0x53) || range.contains(0x73) { result.ranges.append(0x17F...0x17F) }
      if range.contains(0x4B) || range.contains(0x6B) { result.ranges.append(0x212A...0x212A) }
      guard range.count == 1, range.lowerBound >= 0x80, let scalar = Unicode.Scalar(range.lowerBound) else { continue }
      for text in [scalar.properties.lowercaseMapping, scalar.properties.uppercaseMapping] {
        if text.unicodeScalars.count == 1, let other = text.unicodeScalars.first {
          result.ranges.append(other.value...other.value)
        }
      }
    }
    return result
  }

  /// Fills in the ASCII bit masks.
  func prepared() -> ScalarSet {
    var result = self
    result.ascii = (0, 0)
    for value in UInt32(0)..<64 {
      if slowContains(value) { result.ascii.low |= 1 << UInt64(value) }
      if slowContains(value + 64) { result.ascii.high |= 1 << UInt64(value) }
    }
    return result
  }

  /// Whether the set contains a scalar.
  ///
  /// - Precondition: the set is `prepared`.
  @inline(__always)
  func contains(_ value: UInt32) -> Bool {
    if value < 64 { return ascii.low >> UInt64(value) & 1 != 0 }
    if value < 128 { return ascii.high >> UInt64(value - 64) & 1 != 0 }
    return slowContains(value)
  }

  private func slowContains(_ value: UInt32) -> Bool {
    (hits(value) != isNegated) && limits.allSatisfy { $0.slowContains(value) }
  }

  private func hits(_ value: UInt32) -> Bool {
    let table = ScalarTable.shared
    if categories != 0, categories >> UInt32(table.category(value).rawValue) & 1 != 0 { return true }
    if hasSpace, table[value].contains(.space) { return true }
    // The word property includes the two joiners, but `\w` does not match them here.
    if hasWord, table[value].contains(.word), value & ~1 != 0x200C { return true }
    for range in ranges where range.contains(value) { return true }
    for other in others where other.slowContains(value) { return true }
    return false
  }
}
