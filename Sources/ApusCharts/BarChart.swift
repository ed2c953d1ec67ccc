// A bar chart as an SVG file: horizontal bars with their values, for comparing benchmark results.
// Read first: SVG.swift, Ticks.swift. Read next: LineChart.swift.

/// A chart of named values with one horizontal bar each, and a vertical reference line.
///
/// If a few bars are much longer than the others, they are broken at the end of the axis. Their values are written
/// beside them like all others.
///
/// ```swift
/// let chart = BarChart(
///   title: "How many times faster", bars: [.init(label: "gemm", value: 1.05, text: "1.05×")], reference: 1)
/// ```
package struct BarChart {
  package struct Bar {
    package var label: String
    package var value: Double
    /// The text beside the bar.
    package var text: String

    package init(label: String, value: Double, text: String) {
      (self.label, self.value, self.text) = (label, value, text)
    }
  }

  package var title: String
  package var subtitle: String
  package var bars: [Bar]
  /// The value of the reference line. Bars that reach it have the first color of the palette, the others the second.
  package var reference: Double

  package init(title: String, subtitle: String = "", bars: [Bar], reference: Double) {
    (self.title, self.subtitle, self.bars, self.reference) = (title, subtitle, bars, reference)
  }

  private static let (top, pitch, thickness) = (84.0, 26.0, 16.0)

  /// The largest value that is drawn to scale.
  ///
  /// This is the largest of all values, unless up to a third of them are more than three times as large as the
  /// reference and all other values. In that case it is the largest of the others: on an axis that reaches a ratio of
  /// 25, ratios of 1.1 and 1.6 would look the same.
  static func longest(_ values: [Double], reference: Double) -> Double {
    let sorted = values.sorted(by: >)
    let broken = (0..<sorted.count / 3).last { sorted[$0] > 3 * max(sorted[$0 + 1], reference) }
    return max(reference, broken.map { sorted[$0 + 1] } ?? sorted.first ?? 1)
  }

  /// The chart as SVG. Its height depends on the number of bars; equal charts give equal text.
  package var svg: String {
    let drawable = bars.filter { $0.value.isFinite && $0.value >= 0 && $0.value < 1e30 }
    let bottom = Self.top + Self.pitch * Double(drawable.count) + 6
    var svg = SVG(description: title, height: bottom + 44)
    svg.addText(title, x: 32, y: 40, size: 19, isBold: true)
    if !subtitle.isEmpty { svg.addText(subtitle, x: SVG.width - 32, y: 40, anchor: .end, color: SVG.softInk) }

    let left = 48 + min(420, drawable.map { SVG.estimatedWidth($0.label) }.max() ?? 0)
    let ticks = Ticks(from: 0, to: Self.longest(drawable.map(\.value), reference: reference), about: 6)
    let upper = ticks.widened.upperBound
    func place(_ value: Double) -> Double { left + value / upper * (SVG.width - 98 - left) }

    for value in ticks.widenedValues {
      svg.addLine((place(value), Self.top - 10), (place(value), bottom), color: SVG.grid)
      svg.addText(ticks.label(value), x: place(value), y: bottom + 20, anchor: .middle, color: SVG.softInk)
    }
    for (index, bar) in drawable.enumerated() {
      let y = Self.top + Self.pitch * Double(index)
      let color = SVG.palette[bar.value >= reference ? 0 : 1]
      let isBroken = bar.value > upper
      let end = isBroken ? place(upper) + 18 : place(bar.value)
      svg.addRectangle(x: left, y: y, width: end - left, height: Self.thickness, fill: color)
      if isBroken {
        for x in [place(upper) + 5, place(upper) + 11] {
          svg.addLine((x - 4, y + Self.thickness + 2), (x + 4, y - 2), color: "#ffffff", width: 2.5)
        }
      }
      svg.addText(bar.label, x: left - 10, y: y + 12.5, anchor: .end)
      // Moves the text to the right of the reference line if the line would cross it.
      let isCrossed = end <= place(reference) && end + 12 + SVG.estimatedWidth(bar.text) > place(reference)
      svg.addText(bar.text, x: (isCrossed ? place(reference) : end) + 7, y: y + 12.5, isBold: true)
    }
    svg.addLine(
      (place(reference), Self.top - 10), (place(reference), bottom), color: SVG.ink, width: 1.5, dashes: "6 5")
    if drawable.isEmpty {
      svg.addText("no values to show", x: SVG.width / 2, y: Self.top, anchor: .middle, size: 15, color: SVG.softInk)
    }
    return svg.text
  }
}
