// Texts of others on a terminal. Read next: ../Verbs/TokenizeCommand.swift.

/// A text whose control characters are spelled out: they would move the columns, or the terminal's cursor.
func visible(_ text: String) -> String {
  text.unicodeScalars.map { scalar in
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: scalar.escaped(asASCII: true)
    default: String(scalar)
    }
  }.joined()
}
