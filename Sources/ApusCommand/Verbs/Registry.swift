// The verbs of `apus`: adding one is one line here and a file beside this one.
// Read first: CommandLine/Verb.swift. Read next: any verb.

extension Tool {
  /// The command-line tool of this package.
  static var apus: Tool {
    Tool(
      name: "apus", version: "0.1.0",
      summary: "deep learning in pure Swift",
      verbs: [
        TrainShakespeareCommand.self,
        TrainXORCommand.self,
        SampleCommand.self,
        RunCommand.self,
        TokenizeCommand.self,
        EmbedCommand.self,
        SearchCommand.self,
        GenerateCommand.self,
        ClassifyCommand.self,
        InspectCommand.self,
        InfoCommand.self,
      ],
      groups: [
        "train": "Train a model from nothing."
      ])
  }
}
