// A line chart as an SVG file, for the loss curves of a training run.
// Read first: SVG.swift, Ticks.swift. Read next: DecisionMap.swift.

/// A chart of one or more curves with common axes.
///
/// ```swift
/// let chart = LineChart(
///   title: "A GPT learns Shakespeare", xLabel: "step", yLabel: "loss (nats per character)",
///   series: [
///     .init("training", losses, style: .smoothed),
///     .init("validation", validations, style: .marked),
///   ])
/// try chart.svg.write(to: url, atomically: true, encoding: .utf8)
/// ```
package struct LineChart {
  package struct Point: Equatable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// The drawing style of a series.
  package enum Style {
    case line
    /// A strong line for the exponential moving average, over a faint line for the values.
    case smoothed
    /// A line with a dot at each point.
    case marked
  }

  package struct Series {
    package var name: String
    package var points: [Point]
    package var style: Style

    package init(_ name: String, _ points: [Point], style: Style = .line) {
      (self.name, self.points, self.style) = (name, points, style)
    }
  }

  /// A horizontal reference line.
  package struct Reference {
    package var value: Double
    package var label: String

    package init(value: Double, label: String) { (self.value, self.label) = (value, label) }
  }

  package var title: String
  package var subtitle: String
  package var xLabel: String
  package var yLabel: String
  package var series: [Series]
  package var reference: Reference?

  package init(
    title: String, subtitle: String = "", xLabel: String, yLabel: String, series: [Series],
    reference: Reference? = nil
  ) {
    (self.title, self.subtitle, self.xLabel, self.yLabel) = (title, subtitle, xLabel, yLabel)
    (self.series, self.reference) = (series, reference)
  }

  /// The edges of the plot area, in pixels.
  private static let (left, right, top, bottom) = (78.0, SVG.width - 32, 96.0, SVG.height - 64)

  /// The chart as SVG; equal charts give equal text.
  package var svg: String {
    var svg = SVG(description: title)
    let (x, y) = (xTicks, yTicks)
    let scale = Scale(x: x.range, y: y.widened)
    addHeader(&svg)
    addAxes(&svg, x, y, scale)
    if let reference, scale.y.contains(reference.value) { addReference(&svg, reference, scale) }
    for (index, series) in series.enumerated() {
      add(series, color: SVG.palette[index % SVG.palette.count], &svg, scale)
    }
    if drawnPoints.isEmpty {
      let (centerX, centerY) = ((Self.left + Self.right) / 2, (Self.top + Self.bottom) / 2)
      svg.addText("no values to show", x: centerX, y: centerY, anchor: .middle, size: 15, color: SVG.softInk)
    }
    return svg.text
  }

  /// Whether a point can be drawn. A diverged run ends in NaN, infinity or huge values.
  static func isDrawable(_ point: Point) -> Bool {
    point.x.isFinite && point.y.isFinite && abs(point.x) < 1e30 && abs(point.y) < 1e30
  }

  /// The exponential moving average over about `window` points.
  ///
  /// This is the mean of a forward and a backward average, because a forward average alone lags behind the curve.
  /// Towards both ends, the backward average is phased out: at the right end it covers only a few points, and at the
  /// left end it would run ahead of the curve.
  static func smoothed(_ points: [Point], window: Double) -> [Point] {
    func averages(_ values: some Sequence<Double>) -> [Double] {
      var average = 0.0
      return values.enumerated().map { index, value in
        // The first values are averaged with equal weights. Otherwise, the very first would weigh as much as a window.
        average += (value - average) * max(2 / (window + 1), 1 / Double(index + 1))
        return average
      }
    }
    let past = averages(points.map(\.y))
    let future = Array(averages(points.reversed().map(\.y)).reversed())
    return points.indices.map { index in
      let distanceFromEnd = Double(min(index, points.count - 1 - index))
      let share = 0.5 * min(1, distanceFromEnd / window)
      return Point(x: points[index].x, y: past[index] + share * (future[index] - past[index]))
    }
  }

  private var drawnPoints: [Point] { series.flatMap(\.points).filter(Self.isDrawable) }

  private var xTicks: Ticks {
    let values = drawnPoints.map(\.x)
    return Ticks(from: values.min() ?? 0, to: values.max() ?? 1, about: 8)
  }

  private var yTicks: Ticks {
    var values = drawnPoints.map(\.y)
    if let value = reference?.value, value.isFinite, abs(value) < 1e30, !values.isEmpty { values.append(value) }
    return Ticks(from: values.min() ?? 0, to: values.max() ?? 1, about: 7)
  }

  /// Maps values to pixels.
  private struct Scale {
    var x: ClosedRange<Double>
    var y: ClosedRange<Double>

    func callAsFunction(_ point: Point) -> (x: Double, y: Double) {
      (
        left + (point.x - x.lowerBound) / (x.upperBound - x.lowerBound) * (right - left),
        bottom - (point.y - y.lowerBound) / (y.upperBound - y.lowerBound) * (bottom - top)
      )
    }
  }

  // MARK: Parts of the chart

  private func addHeader(_ svg: inout SVG) {
    svg.addText(title, x: Self.left, y: 40, size: 19, isBold: true)
    if !subtitle.isEmpty {
      svg.addText(subtitle, x: Self.right, y: 40, anchor: .end, color: SVG.softInk)
    }
    var x = Self.left
    for (index, series) in series.enumerated() {
      let color = SVG.palette[index % SVG.palette.count]
      svg.addLine((x, 66), (x + 24, 66), color: color, width: 2.5)
      if series.style == .marked { svg.addDot((x + 12, 66), radius: 4, color: color) }
      svg.addText(series.name, x: x + 32, y: 70.5)
      x += 32 + SVG.estimatedWidth(series.name) + 28
    }
  }

  private func addAxes(_ svg: inout SVG, _ x: Ticks, _ y: Ticks, _ scale: Scale) {
    for value in y.widenedValues {
      let place = scale(Point(x: x.range.lowerBound, y: value)).y
      svg.addLine((Self.left, place), (Self.right, place), color: SVG.grid)
      svg.addText(y.label(value), x: Self.left - 10, y: place + 4.5, anchor: .end, color: SVG.softInk)
    }
    for value in x.values {
      let place = scale(Point(x: value, y: y.widened.lowerBound)).x
      svg.addLine((place, Self.top), (place, Self.bottom), color: SVG.grid)
      svg.addLine((place, Self.bottom), (place, Self.bottom + 5), color: SVG.softInk)
      svg.addText(x.label(value), x: place, y: Self.bottom + 21, anchor: .middle, color: SVG.softInk)
    }
    svg.addLine((Self.left, Self.top), (Self.left, Self.bottom), color: SVG.softInk)
    svg.addLine((Self.left, Self.bottom), (Self.right, Self.bottom), color: SVG.softInk)
    svg.addText(xLabel, x: (Self.left + Self.right) / 2, y: Self.bottom + 47, anchor: .middle)
    svg.addText(yLabel, x: 24, y: (Self.top + Self.bottom) / 2, anchor: .middle, rotation: -90)
  }

  private func addReference(_ svg: inout SVG, _ reference: Reference, _ scale: Scale) {
    let place = scale(Point(x: scale.x.lowerBound, y: reference.value)).y
    svg.addLine((Self.left, place), (Self.right, place), color: SVG.softInk, width: 1.5, dashes: "6 5")
    svg.addText(reference.label, x: Self.right - 6, y: place - 7, anchor: .end, color: SVG.softInk)
  }

  private func add(_ series: Series, color: String, _ svg: inout SVG, _ scale: Scale) {
    // Values that cannot be drawn leave a gap.
    let runs = series.points.split { !Self.isDrawable($0) }.map(Array.init)
    func places(_ points: [Point]) -> [(x: Double, y: Double)] { points.map { scale($0) } }
    switch series.style {
    case .line:
      svg.addCurve(runs.map { places(Self.thinned($0)) }, color: color, width: 2.25)
    case .smoothed:
      let window = max(1, Double(series.points.count) / 60)
      svg.addCurve(runs.map { places(Self.thinned($0)) }, color: color, width: 1, opacity: 0.28)
      svg.addCurve(
        runs.map { places(Self.thinned(Self.smoothed($0, window: window))) }, color: color, width: 2.5)
    case .marked:
      svg.addCurve(runs.map { places(Self.thinned($0)) }, color: color, width: 2.25)
      // More dots would touch each other.
      if series.points.count <= 80 {
        for place in runs.flatMap({ places($0) }) { svg.addDot(place, radius: 4, color: color) }
      }
    }
    // A line needs two points, so an isolated point is drawn as a dot.
    if series.style != .marked {
      for place in runs.filter({ $0.count == 1 }).flatMap({ places($0) }) { svg.addDot(place, radius: 4, color: color) }
    }
  }

  /// Reduces a curve to about two points per pixel. Each bucket of neighboring points keeps its minimum and its
  /// maximum, which preserves the range of noisy values; keeping every n-th point would not.
  static func thinned(_ points: [Point]) -> [Point] {
    let buckets = 800
    guard points.count > 2 * buckets else { return points }
    return (0..<buckets).flatMap { bucket -> [Point] in
      let part = (points.count * bucket / buckets)..<(points.count * (bucket + 1) / buckets)
      guard let low = part.min(by: { points[$0].y < points[$1].y }),
        let high = part.max(by: { points[$0].y < points[$1].y })
      else { return [] }
      return low == high ? [points[low]] : [points[min(low, high)], points[max(low, high)]]
    }
  }
}
