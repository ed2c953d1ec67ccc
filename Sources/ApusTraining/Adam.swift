// Adam and AdamW. Read first: ApusKernelsBaseline/Optimizers/Adam.swift, the arithmetic.

import ApusKernelTypes
import ApusKernels
public import ApusTensor
import Foundation

/// Adam (Kingma, Ba, arXiv:1412.6980): steps along a running mean of the gradient, divided by the root of a running mean of
/// its square.
///
///     m ← β₁m + (1−β₁)g,  v ← β₂v + (1−β₂)g²
///     p ← p − η · (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
///
/// Weight decay is added to the gradient; `AdamW` decouples it. All parameters are updated in one parallel pass.
public class Adam: Optimizer {
  public var learningRate: Float
  /// β₁ and β₂: the shares that the running means keep at each step.
  public let betas: (Float, Float)
  /// ε: keeps the division finite.
  public let epsilon: Float
  /// λ
  public let weightDecay: Float
  /// Divides by the largest second moment so far (Reddi, Kale, Kumar, arXiv:1904.09237).
  public let usesLargestMoment: Bool
  /// Ascends instead of descending.
  public let maximizes: Bool
  private let groups: [ParameterGroup]
  private let variables: [Variable]
  private let isDecoupled: Bool
  private var stepCount = 0
  private var first: Slots
  private var second: Slots
  private var largest: Slots?

  /// - Parameters:
  ///   - parameters: what to train; the order matters for saving the state.
  public convenience init(
    _ parameters: [Variable], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8,
    weightDecay: Float = 0, usesLargestMoment: Bool = false, maximizes: Bool = false
  ) {
    self.init(
      groups: [ParameterGroup(parameters)], learningRate, betas, epsilon, weightDecay, usesLargestMoment, maximizes,
      isDecoupled: false)
  }

  init(
    groups: [ParameterGroup], _ learningRate: Float, _ betas: (Float, Float), _ epsilon: Float, _ weightDecay: Float,
    _ usesLargestMoment: Bool, _ maximizes: Bool, isDecoupled: Bool
  ) {
    self.groups = groups
    variables = groups.flatMap(\.parameters)
    (self.learningRate, self.betas, self.epsilon) = (learningRate, betas, epsilon)
    (self.weightDecay, self.usesLargestMoment, self.maximizes) = (weightDecay, usesLargestMoment, maximizes)
    self.isDecoupled = isDecoupled
    first = Slots("firstMoment", like: variables)
    second = Slots("secondMoment", like: variables)
    largest = usesLargestMoment ? Slots("largestSecondMoment", like: variables) : nil
  }

  public func step(_ gradients: Gradients) {
    stepCount += 1
    let correction1 = Float(1 - pow(Double(betas.0), Double(stepCount)))
    let correction2 = Float(1 - pow(Double(betas.1), Double(stepCount)))
    var start = 0
    for group in groups {
      let range = start..<start + group.parameters.count
      start = range.upperBound
      let arguments = AdamArguments(
        learningRate: learningRate * group.learningRateScale, beta1: betas.0, beta2: betas.1, epsilon: epsilon,
        weightDecay: group.weightDecay ?? weightDecay, isDecoupled: isDecoupled, correction1: correction1,
        correction2: correction2, gradientScale: maximizes ? -gradients.scale : gradients.scale)
      update(range, gradients, arguments)
    }
  }

  private func update(_ range: Range<Int>, _ gradients: Gradients, _ arguments: AdamArguments) {
    // The values are moved out of their variables, so that each has one owner and is changed in place; these arrays keep
    // all memory alive while the kernel runs.
    var values: [(index: Int, value: Tensor, gradient: Tensor)] = []
    for index in range {
      if let gradient = gradients.unscaled(variables[index]) {
        values.append((index, variables[index].takeValue(), gradient))
      }
    }
    let segments = values.indices.map { position -> AdamSegment in
      let index = values[position].index
      return AdamSegment(
        parameter: values[position].value.withUnsafeMutablePointer { $0 },
        gradient: values[position].gradient.withUnsafePointer { $0 },
        firstMoment: first.tensors[index].withUnsafeMutablePointer { $0 },
        secondMoment: second.tensors[index].withUnsafeMutablePointer { $0 },
        largestSecondMoment: largest?.tensors[index].withUnsafeMutablePointer { $0 },
        count: values[position].value.elementCount)
    }
    segments.withUnsafeBufferPointer { Kernels.table.adamStep($0, arguments, Kernels.schedule) }
    for entry in values { variables[entry.index].value = entry.value }
  }

  public var state: [(name: String, tensor: Tensor)] {
    [("step", Tensor(Float(stepCount)))] + first.state + second.state + (largest?.state ?? [])
  }

  public func load(state: [String: Tensor]) throws(OptimizerStateError) {
    var problems: [String] = []
    let count = state.count("step", &problems)
    var (first, second, largest) = (first, second, largest)
    first.load(state, &problems)
    second.load(state, &problems)
    largest?.load(state, &problems)
    state.checkNames(self.state, &problems)
    guard problems.isEmpty else { throw OptimizerStateError(problems: problems) }
    stepCount = count
    (self.first, self.second, self.largest) = (first, second, largest)
  }
}

/// Adam with decoupled weight decay (Loshchilov, Hutter, arXiv:1711.05101): p ← p · (1 − ηλ) before the step.
public final class AdamW: Adam {
  /// - Parameters:
  ///   - parameters: what to train; the order matters for saving the state.
  public convenience init(
    _ parameters: [Variable], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8,
    weightDecay: Float = 0.01, usesLargestMoment: Bool = false, maximizes: Bool = false
  ) {
    self.init(
      groups: [ParameterGroup(parameters)], learningRate: learningRate, betas: betas, epsilon: epsilon,
      weightDecay: weightDecay, usesLargestMoment: usesLargestMoment, maximizes: maximizes)
  }

  /// Parameters in groups with decays and rates of their own.
  public init(
    groups: [ParameterGroup], learningRate: Float = 1e-3, betas: (Float, Float) = (0.9, 0.999), epsilon: Float = 1e-8,
    weightDecay: Float = 0.01, usesLargestMoment: Bool = false, maximizes: Bool = false
  ) {
    super.init(
      groups: groups, learningRate, betas, epsilon, weightDecay, usesLargestMoment, maximizes, isDecoupled: true)
  }
}
