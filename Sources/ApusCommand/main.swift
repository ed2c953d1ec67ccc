// The entry point of the command-line tool. Tool.run does all the work.
// Read next: CommandLine/Tool.swift, Verbs/Registry.swift.

import Foundation

var tool = Tool.apus
// Without this, a narrow terminal would break lines in the middle of words.
let terminal = Terminal.standardOutput
if terminal.isInteractive { tool.helpWidth = min(tool.helpWidth, max(30, terminal.width() - 1)) }
exit(tool.run(Array(CommandLine.arguments.dropFirst())))
