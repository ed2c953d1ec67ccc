// Tests of the charts: well-formed XML for any data, round ticks, contours.
// Read first: Sources/ApusCharts/.

import Foundation
import Testing

@testable import ApusCharts

#if canImport(FoundationXML)
  import FoundationXML
#endif

private typealias Point = LineChart.Point

/// The number of elements of each name in an XML text; nil if it is not well-formed.
private func elements(_ text: String) -> [String: Int]? {
  final class Counter: NSObject, XMLParserDelegate {
    var counts: [String: Int] = [:]
    func parser(
      _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
      attributes: [String: String]
    ) {
      counts[name, default: 0] += 1
    }
  }
  let (counter, parser) = (Counter(), XMLParser(data: Data(text.utf8)))
  parser.delegate = counter
  return withExtendedLifetime(counter) { parser.parse() ? counter.counts : nil }
}

private func chart(_ series: LineChart.Series..., reference: Double? = nil) -> LineChart {
  LineChart(
    title: "A <chart> & \"more\" \u{1}", subtitle: "b < c", xLabel: "step", yLabel: "loss", series: series,
    reference: reference.map { .init(value: $0, label: "r & d") })
}

@Suite struct LineChartTests {
  @Test func isXMLWithCurvesAndDots() throws {
    let curve = (0..<5000).map { Point(x: Double($0), y: 4 * exp(-Double($0) / 500)) }
    let dots = (0...10).map { Point(x: Double($0 * 500), y: 1) }
    let picture = chart(
      .init("training", curve, style: .smoothed), .init("validation", dots, style: .marked), reference: 4)
    let counts = try #require(elements(picture.svg))
    #expect(counts["path"] == 3)
    // The eleven points, and the dot of the legend.
    #expect(counts["circle"] == 12)
    #expect(picture.svg == picture.svg)
    #expect(picture.svg.contains("A &lt;chart&gt; &amp; &quot;more&quot;"))
    #expect(picture.svg.utf8.count < 120_000)
  }

  @Test(arguments: [
    [], [Point(x: 1, y: 2)], [Point(x: 1, y: 2), Point(x: 1, y: 2)], [Point(x: 0, y: 0), Point(x: 5, y: 0)],
    [Point(x: .nan, y: 1), Point(x: 1, y: .infinity)], [Point(x: 0, y: 1), Point(x: 1, y: .nan), Point(x: 2, y: 3)],
    [Point(x: -1e29, y: -1e29), Point(x: 1e29, y: 1e29)], [Point(x: 0, y: 1e308), Point(x: 1, y: -1e308)],
    [Point(x: 1e15, y: 1), Point(x: 1e15 + 1, y: 1 + 1e-15)], [Point(x: 0, y: 1e-300), Point(x: 1, y: 3e-300)],
  ])
  fileprivate func degenerateData(_ points: [Point]) throws {
    for style in [LineChart.Style.line, .smoothed, .marked] {
      for reference in [nil, 0, Double.nan] {
        let svg = chart(.init("s", points, style: style), reference: reference).svg
        #expect(elements(svg) != nil)
        #expect(!svg.contains("nan") && !svg.contains("inf"))
      }
    }
  }

  @Test func nothingToShowIsSaid() {
    #expect(chart().svg.contains("no values to show"))
    #expect(chart(.init("s", [Point(x: 0, y: .nan)])).svg.contains("no values to show"))
    #expect(!chart(.init("s", [Point(x: 0, y: 1)])).svg.contains("no values to show"))
  }

  @Test func smoothingKeepsConstantsAndRampsAndDampsNoise() {
    let constant = (0..<100).map { Point(x: Double($0), y: 3) }
    #expect(LineChart.smoothed(constant, window: 10).allSatisfy { abs($0.y - 3) < 1e-12 })
    let ramp = (0..<200).map { Point(x: Double($0), y: Double($0)) }
    #expect(abs(LineChart.smoothed(ramp, window: 10)[100].y - 100) < 1e-6)
    let noise = (0..<200).map { Point(x: Double($0), y: $0 % 2 == 0 ? 1 : -1) }
    #expect(LineChart.smoothed(noise, window: 20).dropFirst(20).allSatisfy { abs($0.y) < 0.2 })
    #expect(LineChart.smoothed([], window: 5).isEmpty)
  }

  @Test func thinningKeepsExtremesAndOrder() {
    var points = (0..<100_000).map { Point(x: Double($0), y: 0) }
    (points[777].y, points[50_001].y) = (9, -9)
    let thinned = LineChart.thinned(points)
    #expect(thinned.count <= 1600 && thinned.contains(points[777]) && thinned.contains(points[50_001]))
    #expect(zip(thinned, thinned.dropFirst()).allSatisfy { $0.x < $1.x })
  }
}

@Suite struct TicksTests {
  @Test func roundSteps() {
    #expect(Ticks(from: 0, to: 2000, about: 8).values == [0, 200, 400, 600, 800, 1000, 1200, 1400, 1600, 1800, 2000])
    #expect(Ticks(from: 1.43, to: 4.2, about: 7).widenedValues == [1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5])
    #expect(Ticks(from: 1, to: 2400, about: 8).values == [500, 1000, 1500, 2000])
  }

  @Test func labelsHaveTheDigitsOfTheStep() {
    let ticks = Ticks(from: -0.1, to: 0.1, about: 4)
    #expect(ticks.values.map(ticks.label) == ["-0.10", "-0.05", "0.00", "0.05", "0.10"])
    let thousands = Ticks(from: 0, to: 4000, about: 4)
    #expect(thousands.values.map(thousands.label) == ["0", "1,000", "2,000", "3,000", "4,000"])
    let tiny = Ticks(from: 0, to: 4e-7, about: 4)
    #expect(tiny.values.map(tiny.label) == ["0", "1e-7", "2e-7", "3e-7", "4e-7"])
  }

  private static let ranges: [(Double, Double)] = [
    (0, 0), (5, 5), (-3, -3), (1e-9, 1e-9), (1e20, 1e20), (7, 7 + 1e-13), (-1e9, 1e9), (2, 1),
  ]

  @Test(arguments: ranges)
  func anyRangeHasTicks(_ lower: Double, _ upper: Double) {
    let ticks = Ticks(from: lower, to: upper, about: 6)
    #expect((2...16).contains(ticks.values.count))
    #expect(ticks.widened.contains(lower) && ticks.widened.contains(upper))
    #expect(Set(ticks.values.map(ticks.label)).count == ticks.values.count || abs(lower) > 1e9)
  }
}

@Suite struct DecisionMapTests {
  private let examples = [DecisionMap.Example(x: 0, y: 0, label: 0), DecisionMap.Example(x: 1, y: 0, label: 1)]

  @Test func isXML() throws {
    let answers = DecisionMap.inputs.map { $0.x > 0.5 ? 0.9 : 0.1 }
    let panels = [answers, [], answers.map { _ in .nan }].map {
      DecisionMap.Panel(title: "a & b", caption: "<c>", answers: $0, examples: examples)
    }
    for count in 0...3 {
      let svg = DecisionMap(title: "t", panels: Array(panels.prefix(count))).svg
      #expect(try #require(elements(svg))["circle", default: 0] == 2 * min(2, count))
      #expect(!svg.contains("nan"))
    }
  }

  @Test func inputsCoverTheSquare() {
    #expect(DecisionMap.inputs.count == 41 * 41)
    #expect(DecisionMap.inputs[0] == (-0.5, -0.5) && DecisionMap.inputs[1680] == (1.5, 1.5))
    #expect(DecisionMap.inputs[1].x > -0.5 && DecisionMap.inputs[1].y == -0.5)
  }

  @Test func colors() {
    #expect(DecisionMap.color(0.5) == "#ffffff")
    #expect(DecisionMap.color(0) == DecisionMap.color(-3))
    #expect(DecisionMap.color(0) != DecisionMap.color(1))
  }

  @Test func contourOfARampIsALine() {
    let values = (0..<12).map { Double($0 % 4) }
    let segments = Contour.segments(of: values, columns: 4, at: 1.25)
    #expect(segments.count == 2)
    #expect(segments.flatMap { [$0.from.x, $0.to.x] }.allSatisfy { abs($0 - 1.25) < 1e-12 })
    // A saddle has two contour lines, which do not meet.
    #expect(Contour.segments(of: [0, 1, 1, 0], columns: 2, at: 0.4).count == 2)
    #expect(Contour.segments(of: [0, .nan, 1, 0], columns: 2, at: 0.4).isEmpty)
    #expect(Contour.segments(of: [], columns: 2, at: 0.4).isEmpty)
  }
}

@Suite struct BarChartTests {
  private func bars(_ values: [Double]) -> [BarChart.Bar] {
    values.enumerated().map { BarChart.Bar(label: "<\($0)>", value: $1, text: "\($1)×") }
  }

  @Test(arguments: [[], [1.5], [0.5, 0, 12, .nan, .infinity, -1]])
  func isXMLWithABarForEveryNumber(_ values: [Double]) throws {
    let svg = BarChart(title: "a & b", bars: bars(values), reference: 1).svg
    let drawable = values.count { $0.isFinite && $0 >= 0 }
    #expect(try #require(elements(svg))["path", default: 0] == drawable)
    #expect(!svg.contains("nan") && !svg.contains("inf"))
  }

  @Test func colorsTellBarsBelowTheReference() {
    let svg = BarChart(title: "t", bars: bars([0.9, 1.1]), reference: 1).svg
    #expect(svg.contains("fill=\"\(SVG.palette[0])\"") && svg.contains("fill=\"\(SVG.palette[1])\""))
  }

  /// A bar much longer than the others is broken at the end of the axis, so that it does not shorten them.
  @Test func longBarsAreBroken() {
    func longest(_ values: [Double]) -> Double { BarChart.longest(values, reference: 1) }
    #expect(longest([1.05, 25, 2.4, 1.6]) == 2.4)
    #expect(longest([1.05, 22, 25, 2.4, 1.6, 0.9]) == 2.4)
    #expect(longest([1.05, 7, 2.4, 1.6]) == 7)
    // Not broken: too many long bars, too few bars, all bars shorter than the reference.
    #expect(longest([1.05, 25, 22, 24, 1.6]) == 25)
    #expect(longest([1, 25]) == 25 && longest([]) == 1)
    #expect(longest([0.1, 0.01, 0.001]) == 1)
    let svg = BarChart(title: "t", bars: bars([1.05, 25, 2.4, 1.6]), reference: 1).svg
    #expect(svg.contains(">25.0×<") && svg.contains(">2.5<") && !svg.contains(">5.0<"))
    #expect(svg.components(separatedBy: "stroke=\"#ffffff\"").count == 3)
  }

  @Test func growsWithItsBars() {
    let (few, many) = (
      BarChart(title: "t", bars: bars([1]), reference: 1).svg,
      BarChart(title: "t", bars: bars(Array(repeating: 1, count: 30)), reference: 1).svg
    )
    #expect(few.contains("height=\"160\"") && many.contains("height=\"914\""))
  }
}
