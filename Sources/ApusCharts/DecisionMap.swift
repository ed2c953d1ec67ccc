// Decision maps as an SVG file: the outputs of one or two models over a square of inputs, with the decision boundary.
// Read first: SVG.swift. Read next: Contour.swift, which computes the boundary.

/// A chart of models with two inputs and an output from 0 to 1, over the square from −0.5 to 1.5.
///
/// ```swift
/// let inputs = DecisionMap.inputs            // 1,681 points, one batch for the model
/// let map = DecisionMap(
///   title: "XOR", panels: [
///     .init(title: "Linear model", caption: "loss 0.693, 2 of 4 correct", answers: …, examples: examples),
///     .init(title: "MLP, 8 hidden units", caption: "loss 0.001, 4 of 4 correct", answers: …, examples: examples),
///   ])
/// ```
package struct DecisionMap {
  /// A training example.
  package struct Example {
    package var x: Double
    package var y: Double
    /// The class, 0 or 1.
    package var label: Int

    package init(x: Double, y: Double, label: Int) { (self.x, self.y, self.label) = (x, y, label) }
  }

  /// The outputs of one model.
  package struct Panel {
    package var title: String
    package var caption: String
    /// The outputs for `DecisionMap.inputs`, in the same order. Cells with an output that is not finite are left blank.
    package var answers: [Double]
    package var examples: [Example]

    package init(title: String, caption: String, answers: [Double], examples: [Example]) {
      (self.title, self.caption, self.answers, self.examples) = (title, caption, answers, examples)
    }
  }

  /// The number of cells along each side of the square.
  static let resolution = 40
  /// The number of cell corners along each side. The models are evaluated at corners rather than centers, so that the
  /// boundary reaches the edges of the square.
  private static let corners = resolution + 1
  private static let (lower, upper) = (-0.5, 1.5)

  /// The corners of the cells, row by row from the lower left.
  package static let inputs: [(x: Double, y: Double)] = (0..<corners * corners).map { index in
    func place(_ step: Int) -> Double { lower + Double(step) / Double(resolution) * (upper - lower) }
    return (place(index % corners), place(index / corners))
  }

  package var title: String
  package var panels: [Panel]

  package init(title: String, panels: [Panel]) { (self.title, self.panels) = (title, panels) }

  /// The side of a panel and its upper edge. Each cell is a whole number of pixels wide.
  private static let (side, top) = (360.0, 116.0)

  /// The map as SVG, with at most two panels; equal maps give equal text.
  package var svg: String {
    var svg = SVG(description: title)
    svg.addText(title, x: 56, y: 44, size: 19, isBold: true)
    for (index, panel) in panels.prefix(2).enumerated() {
      add(panel, left: 56 + Double(index) * (Self.side + 40), &svg)
    }
    svg.addCrisp { addColors(&$0) }
    addColorLabels(&svg)
    return svg.text
  }

  /// The color of an output: white at ½, and blue or orange towards 0 or 1.
  static func color(_ answer: Double) -> String {
    let sure = min(1, abs(answer - 0.5) * 2)
    let end = answer < 0.5 ? (37.0, 99.0, 235.0) : (234.0, 88.0, 12.0)
    func mixed(_ channel: Double) -> String {
      // Paler than the colors of the examples, which should stand out.
      let value = Int((255 + (channel - 255) * sure * 0.72).rounded())
      return (value < 16 ? "0" : "") + String(value, radix: 16)
    }
    return "#" + mixed(end.0) + mixed(end.1) + mixed(end.2)
  }

  // MARK: Parts of the chart

  private func add(_ panel: Panel, left: Double, _ svg: inout SVG) {
    svg.addText(panel.title, x: left, y: 83, size: 15, isBold: true)
    svg.addText(panel.caption, x: left, y: 104, color: SVG.softInk)
    svg.addCrisp { addCells(panel, left, &$0) }
    let cell = Self.side / Double(Self.resolution)
    let boundary = Contour.segments(of: panel.answers, columns: Self.corners, at: 0.5).map { segment in
      [segment.from, segment.to].map { (x: left + $0.x * cell, y: Self.top + Self.side - $0.y * cell) }
    }
    svg.addCurve(boundary, color: SVG.ink, width: 2)
    svg.addRectangle(x: left, y: Self.top, width: Self.side, height: Self.side, stroke: SVG.softInk)
    for value in [0.0, 1.0] {
      let place = (value - Self.lower) / (Self.upper - Self.lower) * Self.side
      let label = value == 0 ? "0" : "1"
      svg.addText(label, x: left + place, y: Self.top + Self.side + 20, anchor: .middle, color: SVG.softInk)
      svg.addText(label, x: left - 10, y: Self.top + Self.side - place + 4.5, anchor: .end, color: SVG.softInk)
    }
    svg.addText("first input", x: left + Self.side / 2, y: Self.top + Self.side + 38, anchor: .middle)
    // Only the first panel gets this label, because the panels have the same axes.
    if left < Self.side {
      svg.addText("second input", x: left - 26, y: Self.top + Self.side / 2, anchor: .middle, rotation: -90)
    }
    for example in panel.examples { add(example, left, &svg) }
  }

  /// Draws the cells. Neighbors in a row with the same color become one rectangle.
  private func addCells(_ panel: Panel, _ left: Double, _ svg: inout SVG) {
    let cell = Self.side / Double(Self.resolution)
    for row in 0..<Self.resolution {
      var column = 0
      while column < Self.resolution {
        let start = column
        let color = cellColor(panel, row, start)
        while column < Self.resolution, cellColor(panel, row, column) == color { column += 1 }
        guard let color else { continue }
        svg.addRectangle(
          x: left + Double(start) * cell, y: Self.top + Double(Self.resolution - 1 - row) * cell,
          width: Double(column - start) * cell, height: cell, fill: color)
      }
    }
  }

  /// The color of a cell, from the mean output at its corners; nil if an output is missing or not finite.
  private func cellColor(_ panel: Panel, _ row: Int, _ column: Int) -> String? {
    let corner = row * Self.corners + column
    guard corner + Self.corners + 1 < panel.answers.count else { return nil }
    let answers = [0, 1, Self.corners, Self.corners + 1].map { panel.answers[corner + $0] }
    return answers.allSatisfy(\.isFinite) ? Self.color(answers.reduce(0, +) / 4) : nil
  }

  private func add(_ example: Example, _ left: Double, _ svg: inout SVG) {
    let scale = Self.side / (Self.upper - Self.lower)
    let center = (x: left + (example.x - Self.lower) * scale, y: Self.top + (Self.upper - example.y) * scale)
    svg.addDot(center, radius: 14, color: example.label == 0 ? "#1e40af" : "#9a3412", ring: 2.5)
    let label = "\(example.label)"
    svg.addText(label, x: center.x, y: center.y + 5, anchor: .middle, size: 14, color: "#ffffff", isBold: true)
  }

  /// The left edge of the color bar.
  private static let barLeft = 836.0

  private func addColors(_ svg: inout SVG) {
    let steps = 60
    let height = Self.side / Double(steps)
    for step in 0..<steps {
      svg.addRectangle(
        x: Self.barLeft, y: Self.top + Double(steps - 1 - step) * height, width: 14, height: height,
        fill: Self.color((Double(step) + 0.5) / Double(steps)))
    }
  }

  private func addColorLabels(_ svg: inout SVG) {
    for (label, share) in [("1", 0.0), ("0.5", 0.5), ("0", 1.0)] {
      svg.addText(label, x: Self.barLeft + 21, y: Self.top + share * Self.side + 4.5, color: SVG.softInk)
    }
    svg.addText("output", x: Self.barLeft - 4, y: 104, color: SVG.softInk)
  }
}
