// The list of the verbs of `apus`. A new verb needs a line here and a file in this folder.
// Read first: ../CommandLine/Verb.swift. Read next: any verb.

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
        "train": "Train a model from scratch"
      ])
  }
}
