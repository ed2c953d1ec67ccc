// The protocol of optimizers, and parameter groups.
// Read next: ElementwiseOptimizer.swift, SGD.swift, Adam.swift, ../Runs/TrainingRun.swift.

public import ApusTensor

/// An optimizer, which updates parameters from their gradients.
public protocol Optimizer: AnyObject {
  /// The learning rate. To follow a schedule, set it before every step.
  var learningRate: Float { get set }

  /// Updates the parameters with one step. Parameters without a gradient do not change.
  func step(_ gradients: Gradients)

  /// The state on which future steps depend besides the parameters, in a fixed order.
  var state: [(name: String, tensor: Tensor)] { get }

  /// Restores a state that was saved by an optimizer of the same kind with the same parameters.
  ///
  /// - Throws: `OptimizerStateError` if the state does not match. The optimizer is unchanged then.
  func load(state: [String: Tensor]) throws(OptimizerStateError)
}

/// An optimizer with a momentum that a schedule can change, as a one-cycle schedule does: that of SGD and RMSprop, or
/// β₁ of Adam.
public protocol MomentumOptimizer: Optimizer {
  /// The momentum: the decay rate of the velocity or of the running mean of the gradient.
  var momentum: Float { get set }
}

/// The error for a state that does not match the optimizer.
public struct OptimizerStateError: Error, CustomStringConvertible, Sendable {
  /// The missing, unexpected and wrongly shaped tensors, one sentence each.
  public let problems: [String]

  public var description: String { "the optimizer's state does not match: " + problems.joined(separator: "; ") }
}

/// A type that can be passed to an optimizer: a parameter, or a group of parameters with its own settings.
///
/// ```swift
/// AdamW(model.parameters, learningRate: 3e-4)
/// AdamW([ParameterGroup(matrices), ParameterGroup(others, weightDecay: 0)], learningRate: 3e-4, weightDecay: 0.1)
/// ```
public protocol Trainable {
  /// The parameters with their settings.
  var parameterGroup: ParameterGroup { get }
}

extension Variable: Trainable {
  /// A group of only this parameter, with the optimizer's settings.
  public var parameterGroup: ParameterGroup { ParameterGroup([self]) }
}

/// A group of parameters whose settings may differ from those of the optimizer.
public struct ParameterGroup: Trainable {
  /// The parameters of the group.
  public var parameters: [Variable]
  /// The weight decay of the group; nil to use the optimizer's.
  public var weightDecay: Float?
  /// The factor by which the optimizer's learning rate is multiplied.
  public var learningRateScale: Float

  public init(_ parameters: [Variable], weightDecay: Float? = nil, learningRateScale: Float = 1) {
    self.parameters = parameters
    self.weightDecay = weightDecay
    self.learningRateScale = learningRateScale
  }

  /// The group itself.
  public var parameterGroup: ParameterGroup { self }
}
