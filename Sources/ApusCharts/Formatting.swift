// Formats numbers for people: durations, counts, sizes and rates.
// Read next: Ticks.swift; ApusCommand/Terminal/ProgressLine.swift.

import Foundation

/// Formats numbers for people, in the same way in every locale.
package enum Format {
  /// Formats seconds as "0.4 s", "23 s", "1 m 23 s" or "2 h 05 m"; as "—" if they are not a valid duration.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0, seconds < 1e12 else { return "—" }
    if seconds < 9.95 { return short(seconds) + " s" }
    let whole = Int(seconds.rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) m \(twoDigits(whole % 60)) s" }
    return "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) m"
  }

  /// Formats an integer with thousands separators, as in "1,115,394".
  package static func count(_ number: Int) -> String {
    var groups: [String] = []
    var rest = number.magnitude
    while rest >= 1000 {
      let group = String(rest % 1000)
      groups.append(String(repeating: "0", count: 3 - group.count) + group)
      rest /= 1000
    }
    groups.append(String(rest))
    return (number < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
  }

  /// Formats a number of bytes as "512 B", "32 KiB" or "1.5 MiB".
  package static func bytes(_ number: Int) -> String {
    if number.magnitude < 1024 { return "\(number) B" }
    var value = Double(number)
    for unit in ["KiB", "MiB", "GiB"] {
      value /= 1024
      // 1023.96 would be rounded to 1024 and needs the next unit.
      if abs(value) < 1023.95 { return "\(short(value)) \(unit)" }
    }
    return "\(short(value / 1024)) TiB"
  }

  /// Formats a number with three significant digits, as in "940", "18.1k", "181k" or "1.81M"; as "—" if it is not
  /// finite or too large.
  package static func rate(_ number: Double) -> String {
    guard number.isFinite, abs(number) < 1e15 else { return "—" }
    for (unit, name) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where abs(number) >= 0.9995 * unit {
      let value = number / unit
      return fixed(value, abs(value) >= 99.95 ? 0 : abs(value) >= 9.995 ? 1 : 2) + name
    }
    return fixed(number, 0)
  }

  /// Formats a number with a fixed number of decimals.
  package static func fixed(_ number: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", number) }

  /// Formats a number with one decimal, which is omitted if it is zero.
  private static func short(_ number: Double) -> String {
    let text = fixed(number, 1)
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
