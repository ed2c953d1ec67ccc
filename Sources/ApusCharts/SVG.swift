// A small SVG writer with the palette and the background that all charts share.
// Read next: LineChart.swift, BarChart.swift, DecisionMap.swift.

import Foundation

/// An SVG image under construction. Its background is a white card with rounded corners, so that it looks the same on
/// any page.
struct SVG {
  static let width = 900.0
  static let height = 540.0

  /// Colors that people with red–green color blindness can distinguish.
  static let palette = ["#2563eb", "#ea580c", "#059669", "#9333ea", "#ca8a04", "#0891b2"]
  static let ink = "#1f2937"
  static let softInk = "#6b7280"
  static let frame = "#d1d5db"
  static let grid = "#eceff3"

  enum Anchor: String {
    case start, middle, end
  }

  private var lines: [String]

  init(description: String, height pixels: Double = SVG.height) {
    let (width, height) = (Self.number(Self.width), Self.number(pixels))
    let fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
    lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(width)\" height=\"\(height)\""
        + " viewBox=\"0 0 \(width) \(height)\" role=\"img\" font-family=\"\(fonts)\" font-size=\"13\">",
      "<title>\(Self.escaped(description))</title>",
    ]
    let (cardWidth, cardHeight) = (Self.number(Self.width - 1), Self.number(pixels - 1))
    add(
      "rect x=\"0.5\" y=\"0.5\" width=\"\(cardWidth)\" height=\"\(cardHeight)\" rx=\"10\" fill=\"#ffffff\""
        + " stroke=\"\(Self.frame)\"")
  }

  var text: String { (lines + ["</svg>", ""]).joined(separator: "\n") }

  /// Adds an empty element, given as the text between the angle brackets.
  mutating func add(_ element: String) { lines.append("<\(element)/>") }

  mutating func addText(
    _ text: String, x: Double, y: Double, anchor: Anchor = .start, size: Double = 13, color: String = SVG.ink,
    isBold: Bool = false, rotation: Double = 0
  ) {
    var attributes = "x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" fill=\"\(color)\""
    if anchor != .start { attributes += " text-anchor=\"\(anchor.rawValue)\"" }
    if size != 13 { attributes += " font-size=\"\(Self.number(size))\"" }
    if isBold { attributes += " font-weight=\"600\"" }
    if rotation != 0 {
      attributes += " transform=\"rotate(\(Self.number(rotation)) \(Self.number(x)) \(Self.number(y)))\""
    }
    lines.append("<text \(attributes)>\(Self.escaped(text))</text>")
  }

  mutating func addLine(
    _ from: (x: Double, y: Double), _ to: (x: Double, y: Double), color: String, width: Double = 1, dashes: String = ""
  ) {
    add(
      "line x1=\"\(Self.number(from.x))\" y1=\"\(Self.number(from.y))\" x2=\"\(Self.number(to.x))\""
        + " y2=\"\(Self.number(to.y))\" stroke=\"\(color)\" stroke-width=\"\(Self.number(width))\""
        + (dashes.isEmpty ? "" : " stroke-dasharray=\"\(dashes)\""))
  }

  /// Adds elements without anti-aliasing, so that there are no seams between neighbors.
  mutating func addCrisp(_ elements: (inout SVG) -> Void) {
    lines.append("<g shape-rendering=\"crispEdges\">")
    elements(&self)
    lines.append("</g>")
  }

  /// Adds a filled or an outlined rectangle.
  mutating func addRectangle(
    x: Double, y: Double, width: Double, height: Double, fill: String = "none", stroke: String = ""
  ) {
    let (width, height) = (Self.number(width), Self.number(height))
    add(
      "path d=\"M\(Self.number(x)) \(Self.number(y))h\(width)v\(height)h-\(width)z\" fill=\"\(fill)\""
        + (stroke.isEmpty ? "" : " stroke=\"\(stroke)\""))
  }

  /// Adds a dot with a white ring, which sets it off from the lines below it.
  mutating func addDot(_ center: (x: Double, y: Double), radius: Double, color: String, ring: Double = 1.5) {
    add(
      "circle cx=\"\(Self.number(center.x))\" cy=\"\(Self.number(center.y))\" r=\"\(Self.number(radius))\""
        + " fill=\"\(color)\" stroke=\"#ffffff\" stroke-width=\"\(Self.number(ring))\"")
  }

  /// Adds a polyline that may consist of several pieces.
  mutating func addCurve(_ pieces: [[(x: Double, y: Double)]], color: String, width: Double, opacity: Double = 1) {
    let path = pieces.filter { $0.count > 1 }.map { piece in
      "M" + piece.map { "\(Self.number($0.x)) \(Self.number($0.y))" }.joined(separator: "L")
    }.joined()
    guard !path.isEmpty else { return }
    add(
      "path d=\"\(path)\" fill=\"none\" stroke=\"\(color)\" stroke-width=\"\(Self.number(width))\""
        + " stroke-linejoin=\"round\" stroke-linecap=\"round\""
        + (opacity < 1 ? " stroke-opacity=\"\(Self.number(opacity))\"" : ""))
  }

  /// Formats a number with at most two decimals, more than a screen resolves. Integer arithmetic avoids a slow call of
  /// `String(format:)` for every point.
  static func number(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e12 else { return "0" }
    let hundredths = Int((value * 100).rounded())
    let (whole, rest) = (abs(hundredths) / 100, abs(hundredths) % 100)
    let sign = hundredths < 0 ? "-" : ""
    if rest == 0 { return "\(sign)\(whole)" }
    return rest % 10 == 0 ? "\(sign)\(whole).\(rest / 10)" : "\(sign)\(whole).\(rest < 10 ? "0" : "")\(rest)"
  }

  /// Escapes text for an element or an attribute. Control characters, most of which XML does not allow, become spaces.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case _ where scalar.value < 32 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// The approximate width of a text in pixels. The font is unknown, because it depends on the viewer.
  static func estimatedWidth(_ text: String, size: Double = 13) -> Double { Double(text.count) * size * 0.56 }
}
