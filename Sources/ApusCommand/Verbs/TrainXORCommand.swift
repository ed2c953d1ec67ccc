// `apus train xor`: four examples that no line separates. Read first: ApusModels/MLP/MLP.swift.
// Read next: ApusCharts/DecisionMap.swift, the picture of what was learned.

import ApusCharts
import ApusFiles
import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import Foundation

struct TrainXORCommand: Verb {
  static let name = "train xor"
  static let summary = "Show that a linear model cannot learn XOR, and that an MLP with one hidden layer does."

  @Option("steps", .atLeast(1), help: "steps of training, for each model") var steps = 1_000
  @Option("hidden", .from(1, to: 10_000), help: "units of the hidden layer") var hidden = 8
  @Option("seed", help: "of the first weights") var seed: UInt64 = 1
  @Option("out", placeholder: "DIR", help: "the folder for the picture") var out = Path("runs/xor")

  private static let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  private static let labels: [Int32] = [0, 1, 1, 0]

  func run() throws {
    let linear = train("A linear model", [2, 2])
    let network = train("An MLP with \(hidden) hidden units", [2, hidden, 2])
    let map = DecisionMap(title: "XOR: what each model answers over the plane", panels: [linear, network])
    let url = out.url.appendingPathComponent("xor.svg")
    do {
      try FileManager.default.createDirectory(at: out.url, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure("--out: cannot create the folder \(out.text): \(error.localizedDescription)")
    }
    try AtomicFile.write(Data(map.svg.utf8), to: url)
    print("The picture is in \(out.text)/xor.svg.")
  }

  /// Trains one model, prints what it says to the four examples, and gives its panel of the picture.
  private func train(_ title: String, _ sizes: [Int]) -> DecisionMap.Panel {
    let model = withSeed(seed) { MLP(.init(sizes: sizes, activation: .tanh)) }
    let optimizer = AdamW(model.parameters, learningRate: 0.05, weightDecay: 0)
    let targets = IndexTensor(Self.labels)
    let start = DispatchTime.now().uptimeNanoseconds
    var loss: Float = 0
    for _ in 0..<steps {
      let result = valueAndGradients { crossEntropy(model(Self.inputs), targets) }
      optimizer.step(result.gradients)
      loss = result.value.scalar
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9

    let answers = probabilities(model, Self.inputs)
    let right = zip(answers, Self.labels).count { ($0 >= 0.5) == ($1 == 1) }
    print("\(title): \(Format.count(model.parameterCount)) parameters")
    print(
      "  loss \(Format.fixed(Double(loss), 4)) after \(Format.count(steps)) steps "
        + "(\(Format.rate(Double(steps) / seconds)) steps/s); \(right) of 4 right")
    for (index, answer) in answers.enumerated() {
      let (a, b) = (index / 2, index % 2)
      print("  \(a) xor \(b) = \(Self.labels[index])   answer \(Format.fixed(answer, 3))")
    }
    print()
    let plane = Tensor(
      DecisionMap.inputs.flatMap { [Float($0.x), Float($0.y)] }, shape: [DecisionMap.inputs.count, 2])
    return DecisionMap.Panel(
      title: title, caption: "loss \(Format.fixed(Double(loss), 3)), \(right) of 4 right",
      // Rounded: a model that answers one half everywhere has no boundary, only noise around it.
      answers: probabilities(model, plane).map { ($0 * 1_000).rounded() / 1_000 },
      examples: Self.labels.enumerated().map { index, label in
        .init(x: Double(index / 2), y: Double(index % 2), label: Int(label))
      })
  }

  /// The probability of 1 for every row.
  private func probabilities(_ model: MLP, _ x: Tensor) -> [Double] {
    let scalars = model(x).softmax().scalars
    return stride(from: 1, to: scalars.count, by: 2).map { Double(scalars[$0]) }
  }
}
