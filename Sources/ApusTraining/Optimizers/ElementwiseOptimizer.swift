// What all optimizers of this package share: groups, arrays beside every parameter, counts of steps, and their saving.
// Read first: Optimizer.swift. Read next: OptimizerState.swift; SGD.swift, the simplest rule.

import ApusKernelTypes
import ApusKernels
public import ApusTensor

/// An optimizer whose rule is the same for every element of every parameter; its subclasses say which rule.
///
/// All parameters are updated in one parallel pass, which reads and writes each array once.
public class ElementwiseOptimizer: Optimizer {
  public final var learningRate: Float
  /// λ: λp is added to the gradient, or if the decay is decoupled, the parameter is multiplied by 1 − ηλ before the step
  /// (Loshchilov, Hutter, arXiv:1711.05101).
  public final let weightDecay: Float
  /// Whether weight decay leaves the gradient alone.
  public final let isDecayDecoupled: Bool
  /// Ascends instead of descending.
  public final let maximizes: Bool
  private let variables: [Variable]
  private let decays: [Float]
  private let scales: [Float]
  /// How many gradients each parameter has seen.
  private var stepCounts: [Int]
  private var slots: [Slots?]

  /// - Parameter slots: names of the up to three arrays that the rule keeps beside each parameter; nil leaves one out.
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
      "\(Self.self): a parameter is there twice (a step would change it twice)")
    (self.learningRate, self.weightDecay) = (learningRate, weightDecay)
    (self.isDecayDecoupled, self.maximizes) = (isDecayDecoupled, maximizes)
    stepCounts = variables.map { _ in 0 }
    self.slots = (0..<3).map { index in
      index < slots.count ? slots[index].map { Slots($0, like: variables) } : nil
    }
  }

  /// The rule: changes all parameters of a call alike.
  ///
  /// - Parameters:
  ///   - step: how many gradients these parameters have seen, this one included.
  func update(_ segments: OptimizerSegments, _ arguments: StepArguments, step: Int) {
    requirementFailure("\(Self.self): a subclass of ElementwiseOptimizer without a rule")
  }

  /// Gives all elements of an array beside the parameters the same value.
  func fill(slot: Int, with value: Float) {
    slots[slot]?.tensors = variables.map { Tensor(repeating: value, shape: $0.value.shape) }
  }

  /// What parameters of one call have in common.
  private struct Batch: Hashable {
    let decay: Float
    let scale: Float
    let step: Int
  }

  public final func step(_ gradients: Gradients) {
    // The values are moved out of their variables, so that each has one owner and is changed in place; this array keeps all
    // memory alive while the kernels run.
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
