// Makes text from files and users safe to print on a terminal.
// Read next: ../Verbs/TokenizeCommand.swift.

/// The text with control characters escaped, which would otherwise shift columns or move the terminal's cursor.
func visible(_ text: String) -> String {
  text.unicodeScalars.map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
    default: String(scalar)
    }
  }.joined()
}
