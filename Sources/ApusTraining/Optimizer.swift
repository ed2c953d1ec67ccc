// What an optimizer is. Read next: SGD.swift, Adam.swift, TrainingRun.swift.

public import ApusTensor

/// Changes parameters by their gradients.
public protocol Optimizer: AnyObject {
  /// Set it before every step to follow a schedule.
  var learningRate: Float { get set }

  /// One step. Parameters without a gradient stay as they are.
  func step(_ gradients: Gradients)

  /// Everything that the next steps depend on besides the parameters, in a fixed order.
  var state: [(name: String, tensor: Tensor)] { get }

  /// Continues where another optimizer of the same kind, over the same parameters, was when it gave this state.
  func load(state: [String: Tensor]) throws(OptimizerStateError)
}

/// A state that does not fit an optimizer.
public struct OptimizerStateError: Error, CustomStringConvertible, Sendable {
  /// What is missing, misshapen or unexpected, one sentence each.
  public let problems: [String]

  public var description: String { "the optimizer's state does not fit: " + problems.joined(separator: "; ") }
}

/// Parameters that share settings which differ from the optimizer's.
public struct ParameterGroup {
  /// What the group trains.
  public var parameters: [Variable]
  /// nil: the optimizer's.
  public var weightDecay: Float?
  /// Multiplies the optimizer's learning rate.
  public var learningRateScale: Float

  public init(_ parameters: [Variable], weightDecay: Float? = nil, learningRateScale: Float = 1) {
    self.parameters = parameters
    self.weightDecay = weightDecay
    self.learningRateScale = learningRateScale
  }
}

/// Tensors beside each parameter (a velocity, a moment), and how they are saved.
struct Slots {
  let name: String
  var tensors: [Tensor]

  init(_ name: String, like variables: [Variable]) {
    self.name = name
    tensors = variables.map { .zeros($0.value.shape) }
  }

  var state: [(name: String, tensor: Tensor)] {
    tensors.enumerated().map { ("\(name).\($0)", $1) }
  }

  /// Takes tensors of the right shapes, and says what is wrong with the others.
  mutating func load(_ state: [String: Tensor], _ problems: inout [String]) {
    for index in tensors.indices {
      let key = "\(name).\(index)"
      guard let tensor = state[key] else {
        problems.append("\(key): missing")
        continue
      }
      if tensor.shape == tensors[index].shape {
        tensors[index] = tensor
      } else {
        problems.append("\(key): expected shape \(tensors[index].shape), found \(tensor.shape)")
      }
    }
  }
}

extension [String: Tensor] {
  /// A whole number that was saved as a tensor of one element.
  func count(_ name: String, _ problems: inout [String]) -> Int {
    guard let tensor = self[name], tensor.elementCount == 1, let value = Int(exactly: tensor.scalar), value >= 0 else {
      problems.append("\(name): expected a whole number")
      return 0
    }
    return value
  }

  /// Names that an optimizer doesn't know: the state of another kind, or over more parameters.
  func checkNames(_ known: [(name: String, tensor: Tensor)], _ problems: inout [String]) {
    for name in Set(keys).subtracting(known.map(\.name)).sorted() { problems.append("\(name): unexpected") }
  }
}
