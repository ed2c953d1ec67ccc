// Character properties as published tokenizers use them. Each property is that of a particular Unicode version, the one
// in the libraries with which the models were trained. Read next: UnicodeNormalization.swift.

/// Sets of scalars that tokenizers use.
///
/// A set does not contain scalars that were assigned after its Unicode version. The tokens of a text must not depend on
/// the version of the standard library.
struct ScalarProperties: OptionSet, Sendable {
  let rawValue: UInt16

  /// White_Space; unchanged since Unicode 6.3.
  static let space = ScalarProperties(rawValue: 1)
  /// General category L, Unicode 16.
  static let letter = ScalarProperties(rawValue: 2)
  /// General category N, Unicode 16.
  static let number = ScalarProperties(rawValue: 4)
  /// General category N, newest Unicode version.
  static let numeric = ScalarProperties(rawValue: 8)
  /// General category P, Unicode 8, and all ASCII punctuation, including characters that Unicode classifies as symbols.
  static let punctuation = ScalarProperties(rawValue: 16)
  /// General category M, Unicode 9.
  static let mark = ScalarProperties(rawValue: 32)
  /// General category Mn, Unicode 8: the accents that BERT removes.
  static let accent = ScalarProperties(rawValue: 64)
  /// Control, format and private-use characters, Unicode 8.
  static let control = ScalarProperties(rawValue: 128)
  /// `\w` in regular expressions, Unicode 16.
  static let word = ScalarProperties(rawValue: 256)
  /// The CJK ideographs as BERT defines them.
  static let ideograph = ScalarProperties(rawValue: 512)
}

/// The properties of all scalars: a table for the first 65,536, and the standard library for the others.
struct ScalarTable: @unchecked Sendable {
  /// The type is Sendable because the tables are never changed after `init`.
  static let shared = ScalarTable()

  private static let count = 0x10000
  private let properties: UnsafeMutablePointer<UInt16>
  private let categories: UnsafeMutablePointer<UInt8>

  private init() {
    properties = .allocate(capacity: ScalarTable.count)
    categories = .allocate(capacity: ScalarTable.count)
    properties.initialize(repeating: 0, count: ScalarTable.count)
    categories.initialize(repeating: UInt8(Category.unassigned.rawValue), count: ScalarTable.count)
    var value: UInt32 = 0
    while value < UInt32(ScalarTable.count) {
      // Long ranges with identical properties: CJK ideographs, Hangul syllables, private use.
      let end: UInt32 =
        switch value {
        case 0x3400: 0x4DC0
        case 0x4E00: 0x9FA6
        case 0xAC00: 0xD7A4
        case 0xE000: 0xF900
        default: value + 1
        }
      if let scalar = Unicode.Scalar(value) {
        let (set, category) = (ScalarTable.compute(scalar), Category(scalar))
        for v in Int(value)..<Int(end) {
          properties[v] = set.rawValue
          categories[v] = UInt8(category.rawValue)
        }
      }
      value = end
    }
  }

  @inline(__always)
  subscript(value: UInt32) -> ScalarProperties {
    if value < UInt32(ScalarTable.count) { return ScalarProperties(rawValue: properties[Int(value)]) }
    return Unicode.Scalar(value).map(ScalarTable.compute) ?? []
  }

  /// The general category in Unicode 16.
  @inline(__always)
  func category(_ value: UInt32) -> Category {
    if value < UInt32(ScalarTable.count) { return Category(rawValue: Int(categories[Int(value)])) }
    return Unicode.Scalar(value).map { Category($0) } ?? .unassigned
  }

  private static func compute(_ scalar: Unicode.Scalar) -> ScalarProperties {
    let p = scalar.properties
    let age = p.age?.major ?? .max
    let category = p.generalCategory
    let value = scalar.value
    var set: ScalarProperties = p.isWhitespace ? .space : []
    switch category {
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
      if age <= 16 { set.formUnion([.letter, .word]) }
    case .decimalNumber, .letterNumber, .otherNumber:
      set.insert(.numeric)
      if age <= 16 { set.insert(.number) }
      if age <= 16, category != .otherNumber { set.insert(.word) }
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      if age <= 8 { set.insert(.punctuation) }
      if age <= 16, category == .connectorPunctuation { set.insert(.word) }
    case .nonspacingMark, .spacingMark, .enclosingMark:
      if age <= 16 { set.insert(.word) }
      if age <= 9 { set.insert(.mark) }
      if age <= 8, category == .nonspacingMark { set.insert(.accent) }
    case .control, .format, .privateUse:
      if age <= 8 { set.insert(.control) }
    default:
      break
    }
    if age <= 16, p.isAlphabetic || p.isJoinControl { set.insert(.word) }
    switch value {
    case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: set.insert(.punctuation)
    // The category of the following scalars has changed since.
    case 0x166D: set.insert(.punctuation)
    case 0x111C9:
      set.insert(.punctuation)
      set.subtract([.mark, .accent])
    case 0x1CF2, 0x1CF3: set.insert(.mark)
    case 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
      0x2F800...0x2FA1F:
      set.insert(.ideograph)
    default: break
    }
    return set
  }
}

/// A general category, as an index into a bit set.
struct Category: Sendable, Equatable {
  let rawValue: Int

  /// The two-letter names of the categories, by index.
  static let names = [
    "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No", "Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm",
    "Sc", "Sk", "So", "Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Co", "Cn",
  ]

  static let unassigned = Category(rawValue: 29)

  init(rawValue: Int) { self.rawValue = rawValue }

  init(_ scalar: Unicode.Scalar) {
    let properties = scalar.properties
    guard let age = properties.age, age.major <= 16 else {
      self = .unassigned
      return
    }
    // U+0295 was a lowercase letter until Unicode 17.
    if scalar.value == 0x295 {
      rawValue = 1
      return
    }
    rawValue =
      switch properties.generalCategory {
      case .uppercaseLetter: 0
      case .lowercaseLetter: 1
      case .titlecaseLetter: 2
      case .modifierLetter: 3
      case .otherLetter: 4
      case .nonspacingMark: 5
      case .spacingMark: 6
      case .enclosingMark: 7
      case .decimalNumber: 8
      case .letterNumber: 9
      case .otherNumber: 10
      case .connectorPunctuation: 11
      case .dashPunctuation: 12
      case .openPunctuation: 13
      case .closePunctuation: 14
      case .initialPunctuation: 15
      case .finalPunctuation: 16
      case .otherPunctuation: 17
      case .mathSymbol: 18
      case .currencySymbol: 19
      case .modifierSymbol: 20
      case .otherSymbol: 21
      case .spaceSeparator: 22
      case .lineSeparator: 23
      case .paragraphSeparator: 24
      case .control: 25
      case .format: 26
      case .surrogate: 27
      case .privateUse: 28
      default: 29
      }
  }
}
