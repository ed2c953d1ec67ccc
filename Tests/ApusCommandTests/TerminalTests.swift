// Tests of terminal output: numbers, the progress line at any width and over time, signals, and the report of `info`.
// Read first: Sources/ApusCommand/Terminal/.

import ApusCharts
import Foundation
import Testing

@testable import ApusCommand

@Suite struct FormatTests {
  @Test func durations() {
    let cases: [(Double, String)] = [
      (0, "0 s"), (0.42, "0.4 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 m 00 s"),
      (83, "1 m 23 s"), (3599.4, "59 m 59 s"), (3600, "1 h 00 m"), (7510, "2 h 05 m"),
      (.nan, "—"), (.infinity, "—"), (-1, "—"),
    ]
    for (seconds, text) in cases { #expect(Format.duration(seconds) == text) }
  }

  @Test func counts() {
    #expect([0, 999, 1000, 1_115_394, -12_003].map(Format.count) == ["0", "999", "1,000", "1,115,394", "-12,003"])
    #expect(Format.count(.min) == "-9,223,372,036,854,775,808")
  }

  @Test func bytes() {
    #expect([0, 1023, 1024, 1536, 32 << 20].map(Format.bytes) == ["0 B", "1023 B", "1 KiB", "1.5 KiB", "32 MiB"])
    #expect(Format.bytes((1 << 20) - 1) == "1 MiB" && Format.bytes(3 << 40) == "3 TiB")
  }

  @Test func rates() {
    let cases: [(Double, String)] = [
      (0, "0"), (999.4, "999"), (999.7, "1.00k"), (18_120, "18.1k"), (181_234, "181k"), (1_812_340, "1.81M"),
      (.infinity, "—"),
    ]
    for (number, text) in cases { #expect(Format.rate(number) == text) }
  }
}

@Suite struct ProgressTests {
  private let progress = Progress(
    step: 620, total: 2000, loss: 1.53214, itemsPerSecond: 181_234, elapsed: 10, secondsLeft: 83)

  @Test func wholeLine() {
    #expect(
      progress.line(width: 100)
        == "step   620/2,000  ━━━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌   31%  loss 1.5321   181k tokens/s  1 m 23 s left")
    #expect(progress.plainLine == "step   620/2,000  loss 1.5321   181k tokens/s  1 m 23 s left")
    var plain = progress
    plain.showsUnicode = false
    #expect(plain.line(width: 100).contains("  #########.....................  "))
  }

  @Test func fitsEveryWidth() {
    for width in 0...200 {
      #expect(progress.line(width: width).count <= width)
      if width >= 45 { #expect(progress.line(width: width).contains("left")) }
    }
  }

  @Test func beginningEndAndNonsense() {
    #expect(Progress(step: 0, total: 5).line(width: 79).hasPrefix("step 0/5  ╌"))
    #expect(Progress(step: 5, total: 5, elapsed: 83).line(width: 79).hasSuffix("100%  in 1 m 23 s"))
    #expect(Progress(step: 1999, total: 2000).line(width: 79).contains(" 99%"))
    #expect(Progress(step: 3, total: 5, loss: .nan).plainLine == "step 3/5  loss nan")
    #expect(Progress(step: 0, total: 0).line(width: 40).contains("100%"))
  }
}

@Suite struct ProgressLineTests {
  /// A terminal that records its output, with a clock that is set by hand.
  private final class Screen {
    var text = ""
    var time = 0.0

    func terminal(isInteractive: Bool) -> Terminal {
      Terminal(
        isInteractive: isInteractive, showsUnicode: true, width: { 80 }, write: { self.text += $0 }, now: { self.time })
    }
  }

  @Test func redrawsTenTimesASecond() {
    let screen = Screen()
    let line = ProgressLine(total: 1000, itemsPerStep: 10, terminal: screen.terminal(isInteractive: true))
    for step in 1...1000 {
      screen.time += 0.005
      line.update(step: step, loss: 2)
    }
    let redraws = screen.text.split(separator: "\r").count
    #expect((45...55).contains(redraws))
    line.note("saved")
    #expect(screen.text.contains("\r\u{1B}[Ksaved\n\rstep 1,000/1,000"))
    line.finish()
    line.finish()
    #expect(screen.text.hasSuffix("2.00k tokens/s  in 5 s\u{1B}[K\n"))
    #expect(!screen.text.contains("\n\n"))
  }

  @Test func otherWorkLeavesNoTrace() {
    let screen = Screen()
    let line = ProgressLine(
      total: 90, stepName: "lines", itemsPerStep: 1, itemName: "lines", terminal: screen.terminal(isInteractive: true))
    line.update(step: 0)
    #expect(screen.text == "\rlines  0/90  ╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌    0%\u{1B}[K")
    screen.time = 2
    line.update(step: 30)
    #expect(screen.text.hasSuffix("   33%     15 lines/s  4 s left\u{1B}[K"))
    line.erase()
    line.erase()
    line.finish()
    #expect(screen.text.hasSuffix(" left\u{1B}[K\r\u{1B}[K"))
  }

  @Test func plainLinesInAFile() {
    let screen = Screen()
    let line = ProgressLine(
      total: 250, startStep: 50, itemsPerStep: 10, plainSteps: 100, terminal: screen.terminal(isInteractive: false))
    for step in 51...250 {
      screen.time += 0.01
      line.update(step: step, loss: 2)
      if step == 100 { line.note("step 100: saved") }
    }
    line.finish()
    let lines = screen.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    #expect(lines.count == 6 && lines[5].isEmpty)
    #expect(lines[0].hasPrefix("step  51/250  loss 2.0000  1.00k tokens/s"))
    #expect(lines[1].hasPrefix("step 100/250") && lines[2] == "step 100: saved" && lines[3].hasPrefix("step 200/250"))
    #expect(lines[4] == "step 250/250  loss 2.0000  1.00k tokens/s  in 2 s")
    #expect(!screen.text.contains("\u{1B}") && !screen.text.contains("\r"))
  }

  @Test func slowStepsAreShownEveryTenSeconds() {
    let screen = Screen()
    let line = ProgressLine(total: 100, itemsPerStep: 1, terminal: screen.terminal(isInteractive: false))
    for step in 1...20 {
      screen.time += 4
      line.update(step: step, loss: 1)
    }
    #expect(screen.text.split(separator: "\n").count == 7)
  }
}

@Suite struct InterruptTests {
  @Test func aSignalSetsTheFlag() async throws {
    let interrupt = Interrupt(signals: [SIGUSR1])
    interrupt.watch()
    interrupt.watch()
    #expect(!interrupt.isRequested)
    kill(getpid(), SIGUSR1)
    for _ in 0..<500 where !interrupt.isRequested { try await Task.sleep(for: .milliseconds(10)) }
    #expect(interrupt.isRequested)
  }
}

@Suite struct InfoTests {
  private let report = InfoReport(
    version: "0.1.0", processor: "A & B", cores: 2, memoryBytes: 8 << 30, caches: [.init(name: "L2", bytes: 1 << 20)],
    system: "Linux", instructionSetsSupported: ["baseline", "avx2"], instructionSet: "avx2", reason: "why not",
    kernels: "AVX2+FMA", floatsPerVector: 8, threads: 2,
    limits: [
      .init(threads: 1, gigaflopsPerSecond: 117.3, gigabytesReadPerSecond: 29.2),
      .init(threads: 2, gigaflopsPerSecond: 231.8, gigabytesReadPerSecond: 30.9),
    ])

  @Test func textIsAligned() {
    let lines = report.text.split(separator: "\n").map(String.init)
    #expect(lines.contains("Processor     A & B, 2 cores"))
    #expect(lines.contains("Selected      avx2: why not"))
    #expect(lines.suffix(3).allSatisfy { $0.count == 42 })
    #expect(report.text.contains("232 GFLOP/s"))
  }

  @Test func jsonRoundTrips() throws {
    #expect(try JSONDecoder().decode(InfoReport.self, from: Data(report.json().utf8)) == report)
  }
}
