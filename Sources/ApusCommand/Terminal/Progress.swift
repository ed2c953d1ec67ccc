// The text of the progress line, as a function of the state alone.
// Read next: ProgressLine.swift, which says when it is shown.

import ApusCharts

/// How far long work is.
struct Progress {
  var step: Int
  var total: Int
  /// What is counted: "step 620/2,000".
  var stepName = "step"
  var loss: Double?
  var itemsPerSecond: Double?
  var itemName = "tokens"
  var elapsed = 0.0
  var secondsLeft: Double?
  var showsUnicode = true

  /// The largest selection of parts that fits: the bar grows with the width, and what matters least goes first.
  func line(width: Int) -> String {
    let selections = [
      [stepText, nil, percentText, lossText, rateText, timeText],
      [stepText, percentText, lossText, rateText, timeText],
      [stepText, percentText, lossText, timeText],
      [stepText, lossText, timeText],
      [stepText, lossText],
    ]
    for parts in selections {
      let texts = parts.map { $0 ?? "" }.filter { !$0.isEmpty }
      let length = texts.map(\.count).reduce(0, +) + 2 * (texts.count - 1)
      if !parts.contains(nil as String?) {
        if length <= width { return texts.joined(separator: "  ") }
      } else if length + 2 + Self.barWidths.lowerBound <= width {
        let bar = bar(width: min(Self.barWidths.upperBound, width - length - 2))
        return ([texts[0], bar] + texts.dropFirst()).joined(separator: "  ")
      }
    }
    return String(stepText.prefix(max(0, width)))
  }

  /// Everything but the bar, for output that is kept.
  var plainLine: String {
    [stepText, lossText, rateText, timeText].filter { !$0.isEmpty }.joined(separator: "  ")
  }

  private static let barWidths = 10...30

  private var fraction: Double { total > 0 ? min(1, max(0, Double(step) / Double(total))) : 1 }

  // Every part keeps its width while numbers grow, so that the line does not wobble.

  private var stepText: String {
    let total = Format.count(total)
    return "\(stepName) \(Format.count(step).leftPadded(to: total.count))/\(total)"
  }

  /// Rounded down: 100 % is only what is done.
  private var percentText: String { "\(Int(fraction * 100 + 1e-9))%".leftPadded(to: 4) }

  private var lossText: String {
    guard let loss else { return "" }
    return "loss " + (loss.isFinite ? Format.fixed(loss, 4) : "\(loss)")
  }

  private var rateText: String {
    itemsPerSecond.map { "\(Format.rate($0).leftPadded(to: 5)) \(itemName)/s" } ?? ""
  }

  private var timeText: String {
    if step >= total { return "in \(Format.duration(elapsed))" }
    return secondsLeft.map { Format.duration($0.rounded(.up)) + " left" } ?? ""
  }

  private func bar(width: Int) -> String {
    let filled = Int(fraction * Double(width))
    let (done, open) = showsUnicode ? ("━", "╌") : ("#", ".")
    return String(repeating: done, count: filled) + String(repeating: open, count: width - filled)
  }
}
