// A progress line that is redrawn in place on a terminal; elsewhere, plain lines at intervals.
// Read first: Progress.swift, the text of the line. Read next: Interrupt.swift.

/// Shows the progress of a training run or other long-running work.
///
/// ```swift
/// let progress = ProgressLine(total: 2000, itemsPerStep: batch * context)
/// for step in 1...2000 {
///   …
///   progress.update(step: step, loss: loss)
///   if isValidated { progress.note("step 250: validation loss 1.9 (best so far, saved)") }
/// }
/// progress.finish()
/// ```
final class ProgressLine {
  /// Seconds between redraws on a terminal. Ten per second look smooth and cost next to nothing.
  private static let interval = 0.1
  /// The longest time between two lines of plain output, in seconds.
  private static let plainInterval = 10.0
  /// The window for the rate, in seconds: long enough for a steady rate, short enough to show changes.
  private static let window = 5.0

  private let terminal: Terminal
  private let itemsPerStep: Int
  private let plainSteps: Int
  private let startTime: Double
  private let startStep: Int
  private var progress: Progress
  private var lastShown: (time: Double, step: Int)?
  private var samples: [(time: Double, step: Int)] = []
  private var isLineOpen = false

  /// - Parameters:
  ///   - total: The number of steps of the whole run.
  ///   - startStep: The number of steps completed by earlier sessions.
  ///   - stepName: The word in front of the step count.
  ///   - itemsPerStep: The number of items processed in a step, from which the rate is computed.
  ///   - itemName: The name of an item, in the plural.
  ///   - plainSteps: The number of steps between two lines of plain output. A line also appears every ten seconds.
  init(
    total: Int, startStep: Int = 0, stepName: String = "step", itemsPerStep: Int, itemName: String = "tokens",
    plainSteps: Int = 100, terminal: Terminal = .standardOutput
  ) {
    (self.itemsPerStep, self.startStep, self.terminal) = (itemsPerStep, startStep, terminal)
    self.plainSteps = max(1, plainSteps)
    startTime = terminal.now()
    progress = Progress(
      step: startStep, total: total, stepName: stepName, itemName: itemName, showsUnicode: terminal.showsUnicode)
    samples = [(startTime, startStep)]
  }

  /// Records a completed step, and shows it if an update is due. Cheap enough to call after every step.
  func update(step: Int, loss: Double? = nil) {
    (progress.step, progress.loss) = (step, loss)
    let now = terminal.now()
    guard isDue(step, now) else { return }
    measure(step, now)
    lastShown = (now, step)
    if terminal.isInteractive { redraw() } else { terminal.write(progress.plainLine + "\n") }
  }

  /// Prints a line of text that stays, above the progress line.
  func note(_ text: String) {
    guard terminal.isInteractive else { return terminal.write(text + "\n") }
    terminal.write((isLineOpen ? "\r\u{1B}[K" : "") + text + "\n")
    if isLineOpen { redraw() }
  }

  /// Draws the final state and moves to the next line.
  func finish() {
    guard isLineOpen else { return }
    measure(progress.step, terminal.now())
    redraw()
    terminal.write("\n")
    isLineOpen = false
  }

  /// Removes the line from the terminal, for work whose end is evident from the output that follows.
  func erase() {
    guard isLineOpen else { return }
    terminal.write("\r\u{1B}[K")
    isLineOpen = false
  }

  private func isDue(_ step: Int, _ now: Double) -> Bool {
    guard let lastShown, step < progress.total else { return true }
    if terminal.isInteractive { return now - lastShown.time >= Self.interval }
    return step % plainSteps == 0 || now - lastShown.time >= Self.plainInterval
  }

  private func measure(_ step: Int, _ now: Double) {
    samples.append((now, step))
    // Keeps one sample that is at least as old as the window.
    while samples.count > 2, now - samples[1].time >= Self.window { samples.removeFirst() }
    let (time, steps) = (now - samples[0].time, step - samples[0].step)
    progress.itemsPerSecond = time > 0 && steps > 0 ? Double(steps * itemsPerStep) / time : nil
    progress.elapsed = now - startTime
    // Estimated from the whole run, not the window, because validation and checkpoints take part of the remaining time.
    let done = step - startStep
    progress.secondsLeft = done > 0 ? progress.elapsed / Double(done) * Double(max(0, progress.total - step)) : nil
  }

  private func redraw() {
    // One column less than the width: a full line would wrap, and the next redraw would replace only its second half.
    terminal.write("\r" + progress.line(width: terminal.width() - 1) + "\u{1B}[K")
    isLineOpen = true
  }
}
