// One line that shows how far a long run is, kept up to date on a terminal; plain lines anywhere else.
// Read first: Progress.swift, the text of the line. Read next: Interrupt.swift.

/// Shows the progress of a training run, or of other long work.
///
/// ```swift
/// let progress = ProgressLine(total: 2000, itemsPerStep: batch * context)
/// for step in 1...2000 {
///   …
///   progress.update(step: step, loss: loss)
///   if isValidated { progress.note("step 250: validation loss 1.9, the best so far: saved") }
/// }
/// progress.finish()
/// ```
final class ProgressLine {
  /// Seconds between two updates on a terminal: ten a second look alive, and cost nothing.
  private static let interval = 0.1
  /// Seconds without a line after which one is due in plain output.
  private static let plainInterval = 10.0
  /// Seconds over which the rate is taken: long enough to be steady, short enough to show a change.
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
  ///   - total: Steps of the whole run.
  ///   - startStep: Steps that an earlier, interrupted run did.
  ///   - stepName: What a step is called, in front of its number.
  ///   - itemsPerStep: What a step works through; the rate counts them.
  ///   - itemName: In the plural.
  ///   - plainSteps: In plain output, a line is due every so many steps (and every ten seconds).
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

  /// After a step; shows it if it is time to. Cheap enough for every step.
  func update(step: Int, loss: Double? = nil) {
    (progress.step, progress.loss) = (step, loss)
    let now = terminal.now()
    guard isDue(step, now) else { return }
    measure(step, now)
    lastShown = (now, step)
    if terminal.isInteractive { redraw() } else { terminal.write(progress.plainLine + "\n") }
  }

  /// A line of text that stays; the progress goes on below it.
  func note(_ text: String) {
    guard terminal.isInteractive else { return terminal.write(text + "\n") }
    terminal.write((isLineOpen ? "\r\u{1B}[K" : "") + text + "\n")
    if isLineOpen { redraw() }
  }

  /// Leaves the last state on the terminal and goes to the next line.
  func finish() {
    guard isLineOpen else { return }
    measure(progress.step, terminal.now())
    redraw()
    terminal.write("\n")
    isLineOpen = false
  }

  /// Leaves no trace of the line on the terminal: what follows says that the work is done.
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
    // The first sample kept is the last one that is as old as the window.
    while samples.count > 2, now - samples[1].time >= Self.window { samples.removeFirst() }
    let (time, steps) = (now - samples[0].time, step - samples[0].step)
    progress.itemsPerSecond = time > 0 && steps > 0 ? Double(steps * itemsPerStep) / time : nil
    progress.elapsed = now - startTime
    // From the whole run rather than the window: validations and checkpoints take their share of what is left, too.
    let done = step - startStep
    progress.secondsLeft = done > 0 ? progress.elapsed / Double(done) * Double(max(0, progress.total - step)) : nil
  }

  private func redraw() {
    // A full line would wrap at the last column, and only its second half be written over.
    terminal.write("\r" + progress.line(width: terminal.width() - 1) + "\u{1B}[K")
    isLineOpen = true
  }
}
