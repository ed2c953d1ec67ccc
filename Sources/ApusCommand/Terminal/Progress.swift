// The text of the progress line, which depends only on the state of the work.
// Read next: ProgressLine.swift, which decides when it is shown.

import ApusCharts

/// The state of long-running work.
struct Progress {
  var step: Int
  var total: Int
  /// The word in front of the step count, as in "step 620/2,000".
  var stepName = "step"
  var loss: Double?
  var itemsPerSecond: Double?
  var itemName = "tokens"
  var elapsed = 0.0
  var secondsLeft: Double?
  var showsUnicode = true

  /// The line for a terminal of a given width. The bar grows with the width; if space is short, the least important
  /// parts are dropped first.
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

  /// The line without the bar and the percentage, for output to a file or pipe.
  var plainLine: String {
    [stepText, lossText, rateText, timeText].filter { !$0.isEmpty }.joined(separator: "  ")
  }

  private static let barWidths = 10...30

  private var fraction: Double { total > 0 ? min(1, max(0, Double(step) / Double(total))) : 1 }

  // Every part keeps its width as numbers grow, so that the line does not jitter.

  private var stepText: String {
    let total = Format.count(total)
    return "\(stepName) \(Format.count(step).leftPadded(to: total.count))/\(total)"
  }

  /// The percentage, rounded down so that 100 % appears only at the end.
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
