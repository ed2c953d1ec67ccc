// The command-line tool's entry: everything is decided in Tool.run.
// Read next: CommandLine/Tool.swift, Verbs/Registry.swift.

import Foundation

var tool = Tool.apus
// A narrow window would break lines between letters.
let terminal = Terminal.standardOutput
if terminal.isInteractive { tool.helpWidth = min(tool.helpWidth, max(30, terminal.width() - 1)) }
exit(tool.run(Array(CommandLine.arguments.dropFirst())))
