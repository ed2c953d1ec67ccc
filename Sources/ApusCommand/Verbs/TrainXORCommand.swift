// `apus train xor`: trains on four examples that no straight line separates. Read first: ApusNN/Layers/MLP.swift.
// Read next: ApusCharts/DecisionMap.swift, which draws the trained models.

import ApusCharts
import ApusFiles
import ApusNN
import ApusTensor
import ApusText
import ApusTraining
import Foundation

struct TrainXORCommand: Verb {
  static let name = "train xor"
  static let summary = "Train a linear model and an MLP on XOR, which needs a hidden layer"

  @Option("steps", .atLeast(1), help: "number of training steps for each model") var steps = 1_000
  @Option("hidden", .from(1, to: 10_000), help: "number of hidden units of the MLP") var hidden = 8
  @Option("seed", help: "random seed of the initial weights") var seed: UInt64 = 1
  @Option("out", placeholder: "DIR", help: "folder for the chart xor.svg") var out = Path("runs/xor")

  private static let inputs = Tensor([0, 0, 0, 1, 1, 0, 1, 1], shape: [4, 2])
  private static let labels: [Int32] = [0, 1, 1, 0]

  func run() throws {
    let linear = train("A linear model", [2, 2])
    let network = train("An MLP with \(hidden) hidden units", [2, hidden, 2])
    let map = DecisionMap(title: "XOR: output of each model over the input plane", panels: [linear, network])
    let url = out.url.appendingPathComponent("xor.svg")
    do {
      try FileManager.default.createDirectory(at: out.url, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure("--out: cannot create the folder \(out.text): \(error.localizedDescription)")
    }
    try AtomicFile.write(Data(map.svg.utf8), to: url)
    print("The chart is in \(out.text)/xor.svg.")
  }

  /// Trains one model, prints its outputs for the four examples, and returns its panel of the chart.
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
        + "(\(Format.rate(Double(steps) / seconds)) steps/s); \(right) of 4 correct")
    for (index, answer) in answers.enumerated() {
      let (a, b) = (index / 2, index % 2)
      print("  \(a) xor \(b) = \(Self.labels[index])   output \(Format.fixed(answer, 3))")
    }
    print()
    let plane = Tensor(
      DecisionMap.inputs.flatMap { [Float($0.x), Float($0.y)] }, shape: [DecisionMap.inputs.count, 2])
    return DecisionMap.Panel(
      title: title, caption: "loss \(Format.fixed(Double(loss), 3)), \(right) of 4 correct",
      // Rounded, so that a model with output ½ everywhere gets no boundary from rounding errors.
      answers: probabilities(model, plane).map { ($0 * 1_000).rounded() / 1_000 },
      examples: Self.labels.enumerated().map { index, label in
        .init(x: Double(index / 2), y: Double(index % 2), label: Int(label))
      })
  }

  /// The probability of class 1 for each row.
  private func probabilities(_ model: MLP, _ x: Tensor) -> [Double] {
    let scalars = model(x).softmax().scalars
    return stride(from: 1, to: scalars.count, by: 2).map { Double(scalars[$0]) }
  }
}
