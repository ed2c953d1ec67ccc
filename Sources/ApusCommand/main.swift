// The command-line tool's entry: everything is decided in Tool.run.
// Read next: CommandLine/Tool.swift, Verbs/Registry.swift.

import Foundation

exit(Tool.apus.run(Array(CommandLine.arguments.dropFirst())))
