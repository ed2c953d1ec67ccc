// The base class of the optimizers: parameter groups, per-parameter state, step counts, and saving the state.
// Read first: Optimizer.swift. Read next: OptimizerState.swift; SGD.swift, the simplest rule.

import ApusBase
import ApusKernelTypes
import ApusKernels
public import ApusTensor

/// An optimizer that applies the same update rule to every element of every parameter. Subclasses define the rule.
///
/// One parallel pass updates all parameters, and reads and writes each array once.
public class ElementwiseOptimizer: Optimizer {
  /// η: the learning rate.
  public final var learningRate: Float
  /// λ: the weight decay. It adds λp to the gradient. If it is decoupled, the parameter is multiplied by 1 − ηλ before
  /// the step instead (Loshchilov, Hutter, arXiv:1711.05101).
  public final let weightDecay: Float
  /// Whether the weight decay is decoupled from the gradient.
  public final let isDecayDecoupled: Bool
  /// Whether to maximize the objective (gradient ascent).
  public final let maximizes: Bool
  private let variables: [Variable]
  private let decays: [Float]
  private let scales: [Float]
  /// The number of gradients that each parameter has received.
  private var stepCounts: [Int]
  private var slots: [Slots?]

  /// - Parameter slots: the names of the state arrays that the rule keeps for each parameter, at most three; nil leaves
  ///   one out.
  init(
    _ parameters: [any Trainable], slots: [String?], learningRate: Float, weightDecay: Float,
    isDecayDecoupled: Bool = false, maximizes: Bool
  ) {
    let groups = parameters.map(\.parameterGroup)
    let variables = groups.flatMap(\.parameters)
    self.variables = variables
    decays = groups.flatMap { group in group.parameters.map { _ in group.weightDecay ?? weightDecay } }
    scales = groups.flatMap { group in group.parameters.map { _ in group.learningRateScale } }
    require(
      Set(variables.map(ObjectIdentifier.init)).count == variables.count,
      "\(Self.self): a parameter is listed twice (a step would update it twice)")
    (self.learningRate, self.weightDecay) = (learningRate, weightDecay)
    (self.isDecayDecoupled, self.maximizes) = (isDecayDecoupled, maximizes)
    stepCounts = variables.map { _ in 0 }
    self.slots = (0..<3).map { index in
      index < slots.count ? slots[index].map { Slots($0, like: variables) } : nil
    }
  }

  /// Applies the update rule to parameters with common settings.
  ///
  /// - Parameters:
  ///   - step: the number of gradients that these parameters have received, including this one.
  func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    requirementFailure("\(Self.self): a subclass of ElementwiseOptimizer without a rule")
  }

  /// Fills a state array of all parameters with a value.
  func fill(slot: Int, with value: Float) {
    slots[slot]?.tensors = variables.map { Tensor(repeating: value, shape: $0.value.shape) }
  }

  /// The settings that the parameters of one call have in common.
  private struct Batch: Hashable {
    let decay: Float
    let scale: Float
    let step: Int
  }

  public final func step(_ gradients: Gradients) {
    // Moves the values out of their variables, so that each is uniquely referenced and updated in place. This array
    // keeps the memory alive while the kernels run.
    var taken: [(variable: Variable, value: Tensor, gradient: Tensor)] = []
    var batches: [(key: Batch, segments: [OptimizerSegment])] = []
    var positions: [Batch: Int] = [:]
    for (index, variable) in variables.enumerated() {
      guard let gradient = gradients.unscaled(variable) else { continue }
      stepCounts[index] += 1
      let last = taken.count
      taken.append((variable, variable.takeValue(), gradient))
      require(
        gradient.shape == taken[last].value.shape,
        "\(Self.self): a gradient of shape \(gradient.shape) for a parameter of shape \(taken[last].value.shape)")
      let key = Batch(decay: decays[index], scale: scales[index], step: stepCounts[index])
      if positions[key] == nil {
        positions[key] = batches.count
        batches.append((key, []))
      }
      batches[positions[key, default: 0]].segments.append(segment(index, &taken[last].value, gradient))
    }
    for (key, segments) in batches {
      let arguments = StepArguments(
        learningRate: learningRate * key.scale, weightDecay: key.decay, isDecoupled: isDecayDecoupled,
        gradientScale: maximizes ? -gradients.scale : gradients.scale)
      segments.withUnsafeBufferPointer { update($0, arguments, step: key.step) }
    }
    for entry in taken { entry.variable.value = entry.value }
  }

  private func segment(_ index: Int, _ value: inout Tensor, _ gradient: Tensor) -> OptimizerSegment {
    OptimizerSegment(
      parameter: value.withUnsafeMutablePointer { $0 }, gradient: gradient.withUnsafePointer { $0 },
      state: (pointer(0, index), pointer(1, index), pointer(2, index)), count: value.elementCount)
  }

  private func pointer(_ slot: Int, _ index: Int) -> UnsafeMutablePointer<Float>? {
    slots[slot]?.tensors[index].withUnsafeMutablePointer { $0 }
  }

  // MARK: State

  public final var state: [(name: String, tensor: Tensor)] {
    [("step", Tensor(stepCounts.map { Float($0) }))] + slots.flatMap { $0?.state ?? [] }
  }

  public final func load(state: [String: Tensor]) throws(OptimizerStateError) {
    var problems: [String] = []
    let counts = state.counts("step", of: variables.count, &problems)
    var slots = slots
    for index in slots.indices { slots[index]?.load(state, &problems) }
    state.checkNames(self.state.map(\.name), &problems)
    guard problems.isEmpty else { throw OptimizerStateError(problems: problems) }
    (stepCounts, self.slots) = (counts, slots)
  }
}
