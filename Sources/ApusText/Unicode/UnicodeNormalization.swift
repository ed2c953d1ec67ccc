// The four Unicode normalization forms (UAX 15), which also record the source of every scalar.
// Read first: ScalarProperties.swift. Read next: ../Normalization/NormalizationForm.swift, which applies them.

/// Decomposition and composition according to Unicode 9.
struct UnicodeNormalization: Sendable {
  static let shared = UnicodeNormalization()

  /// A scalar during normalization.
  struct Item {
    var value: UInt32
    var combiningClass: UInt8
    /// 0 if it replaces one source scalar, −n if it replaces n + 1, and 1 if it is inserted.
    var change: Int
  }

  private struct Mapping {
    let isCompatible: Bool
    let scalars: [UInt32]
  }

  private let mappings: [UInt32: Mapping]
  private let compositions: [UInt64: UInt32]
  /// For each block of 64 scalars, whether any of them has a mapping.
  private let hasMappings: [Bool]

  private init() {
    var mappings: [UInt32: Mapping] = [:]
    mappings.reserveCapacity(6000)
    var compositions: [UInt64: UInt32] = [:]
    compositions.reserveCapacity(1000)
    var hasMappings = [Bool](repeating: false, count: 0x30000 >> 6)
    UnicodeNormalization.read { value, isCompatible, scalars in
      mappings[value] = Mapping(isCompatible: isCompatible, scalars: scalars)
      hasMappings[Int(value >> 6)] = true
      guard !isCompatible, scalars.count == 2, let scalar = Unicode.Scalar(value) else { return }
      if !scalar.properties.isFullCompositionExclusion {
        compositions[UInt64(scalars[0]) << 32 | UInt64(scalars[1])] = value
      }
    }
    (self.mappings, self.compositions, self.hasMappings) = (mappings, compositions, hasMappings)
  }

  /// Calls `body` with every decomposition in the table.
  private static func read(_ body: (UInt32, Bool, [UInt32]) -> Void) {
    var (next, number, repeats): (UInt32, UInt32, UInt32) = (0, 0, 1)
    var (isCompatible, isMapping) = (false, false)
    var scalars: [UInt32] = []
    func finish() {
      scalars.append(number)
      for _ in 0..<repeats {
        body(next, isCompatible, scalars)
        next += 1
        scalars[scalars.count - 1] += 1
      }
      (number, repeats, isMapping) = (0, 1, false)
      scalars.removeAll()
    }
    let bytes = UnsafeBufferPointer(
      start: decompositionText.utf8Start, count: decompositionText.utf8CodeUnitCount)
    var skip = true
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): number = number << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "A")...UInt8(ascii: "F"): number = number << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
      case UInt8(ascii: "*"):
        next += number
        (number, skip) = (0, false)
      case UInt8(ascii: "="), UInt8(ascii: "~"):
        if skip { next += number } else { repeats = number }
        isCompatible = byte == UInt8(ascii: "~")
        (number, isMapping) = (0, true)
      case UInt8(ascii: ","):
        scalars.append(number)
        number = 0
      default:
        if isMapping { finish() }
        skip = true
      }
    }
    if isMapping { finish() }
  }

  // MARK: Decomposition

  /// The canonical combining class in Unicode 9.
  func combiningClass(_ value: UInt32) -> UInt8 {
    guard value >= 0x300, let scalar = Unicode.Scalar(value) else { return 0 }
    let properties = scalar.properties
    let order = properties.canonicalCombiningClass.rawValue
    return order == 0 || (properties.age?.major ?? .max) > 9 ? 0 : order
  }

  /// Decomposes scalars completely and sorts combining marks into canonical order.
  func decompose(_ source: [UInt32], isCompatible: Bool) -> [Item] {
    var result: [Item] = []
    result.reserveCapacity(source.count + source.count / 2)
    var marks = 0
    for value in source {
      var isFirst = true
      expand(value, isCompatible: isCompatible) { part in
        let order = combiningClass(part)
        if order == 0 {
          UnicodeNormalization.sortMarks(&result, count: marks)
          marks = 0
        } else {
          marks += 1
        }
        result.append(Item(value: part, combiningClass: order, change: isFirst ? 0 : 1))
        isFirst = false
      }
    }
    UnicodeNormalization.sortMarks(&result, count: marks)
    return result
  }

  private func expand(_ value: UInt32, isCompatible: Bool, _ body: (UInt32) -> Void) {
    if value >= 0xAC00 && value < 0xAC00 + 11172 {
      let index = value - 0xAC00
      body(0x1100 + index / 588)
      body(0x1161 + index % 588 / 28)
      if index % 28 > 0 { body(0x11A7 + index % 28) }
      return
    }
    guard value >= 0xA0, Int(value >> 6) < hasMappings.count, hasMappings[Int(value >> 6)],
      let mapping = mappings[value], isCompatible || !mapping.isCompatible
    else { return body(value) }
    for part in mapping.scalars { expand(part, isCompatible: isCompatible, body) }
  }

  /// Sorts the last `count` items by combining class; the sort is stable.
  private static func sortMarks(_ items: inout [Item], count: Int) {
    guard count > 1 else { return }
    let start = items.count - count
    // A bottom-up merge sort, so that a text of only combining marks does not take quadratic time.
    var marks = Array(items[start...])
    var width = 1
    while width < count {
      var merged: [Item] = []
      merged.reserveCapacity(count)
      var low = 0
      while low < count {
        let (middle, high) = (min(low + width, count), min(low + 2 * width, count))
        var (i, j) = (low, middle)
        while i < middle || j < high {
          if j >= high || (i < middle && marks[i].combiningClass <= marks[j].combiningClass) {
            merged.append(marks[i])
            i += 1
          } else {
            merged.append(marks[j])
            j += 1
          }
        }
        low = high
      }
      marks = merged
      width *= 2
    }
    items.replaceSubrange(start..., with: marks)
  }

  // MARK: Composition

  /// Composes scalars canonically wherever no other character blocks the composition.
  func compose(_ source: [Item]) -> [Item] {
    var result: [Item] = []
    result.reserveCapacity(source.count)
    /// The index of the last starter in the result; later marks did not compose with it.
    var starter: Int?
    var lastClass: UInt8?
    for item in source {
      guard let place = starter else {
        result.append(item)
        if item.combiningClass == 0 { starter = result.count - 1 }
        continue
      }
      if lastClass.map({ $0 < item.combiningClass }) ?? true,
        let joined = composition(result[place].value, item.value)
      {
        result[place].value = joined
        result[place].change += item.change - 1
        continue
      }
      result.append(item)
      if item.combiningClass == 0 {
        starter = result.count - 1
        lastClass = nil
      } else {
        lastClass = item.combiningClass
      }
    }
    return result
  }

  private func composition(_ a: UInt32, _ b: UInt32) -> UInt32? {
    if a >= 0x1100 && a < 0x1113 && b >= 0x1161 && b < 0x1176 {
      return 0xAC00 + ((a - 0x1100) * 21 + (b - 0x1161)) * 28
    }
    if a >= 0xAC00 && a < 0xAC00 + 11172 && (a - 0xAC00) % 28 == 0 && b > 0x11A7 && b < 0x11C3 {
      return a + (b - 0x11A7)
    }
    return compositions[UInt64(a) << 32 | UInt64(b)]
  }
}
