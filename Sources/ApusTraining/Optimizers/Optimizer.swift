// What an optimizer is, and what it takes. Read next: ElementwiseOptimizer.swift, SGD.swift, Adam.swift, ../TrainingRun.swift.

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

/// An optimizer with a momentum that a schedule may change, as one-cycle schedules do: SGD's and RMSprop's, or Adam's β₁.
public protocol MomentumOptimizer: Optimizer {
  /// The share of the last step, or of the running mean, that is kept.
  var momentum: Float { get set }
}

/// A state that does not fit an optimizer.
public struct OptimizerStateError: Error, CustomStringConvertible, Sendable {
  /// What is missing, misshapen or unexpected, one sentence each.
  public let problems: [String]

  public var description: String { "the optimizer's state does not fit: " + problems.joined(separator: "; ") }
}

/// What optimizers take: parameters, and groups of them that have settings of their own.
///
/// ```swift
/// AdamW(model.parameters, learningRate: 3e-4)
/// AdamW([ParameterGroup(matrices), ParameterGroup(others, weightDecay: 0)], learningRate: 3e-4, weightDecay: 0.1)
/// ```
public protocol Trainable {
  /// The parameters, and how they differ from the others.
  var parameterGroup: ParameterGroup { get }
}

extension Variable: Trainable {
  /// This parameter alone, with the optimizer's settings.
  public var parameterGroup: ParameterGroup { ParameterGroup([self]) }
}

/// Parameters that share settings which differ from the optimizer's.
public struct ParameterGroup: Trainable {
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

  /// Itself.
  public var parameterGroup: ParameterGroup { self }
}
