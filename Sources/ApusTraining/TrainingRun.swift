// The training loop: steps, validation, checkpoints, and continuing exactly where a run was interrupted.
// Read first: Optimizers/Optimizer.swift, Schedules/LearningRateSchedule.swift. Read next: TrainingRun+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor
public import Foundation

/// Trains a model step by step, validating and saving as it goes.
///
/// A step depends on the model, the optimizer, the step's number and the seed only: the randomness of step s (which examples,
/// which elements are dropped) is drawn from a generator made of the seed and s. So a run that was interrupted, or killed,
/// and resumed from its checkpoint ends with the same bits as one that was not.
///
/// ```swift
/// let run = TrainingRun(model: model, optimizer: optimizer, schedule: schedule, settings: .init(steps: 1_000))
/// try run.train(
///   loss: { generator in
///     let batch = corpus.batch(.training, size: 12, length: 64, using: generator)
///     return crossEntropy(model(batch.inputs), batch.targets)
///   },
///   validate: { evaluate(model) },
///   onStep: { print($0.step, $0.loss) })
/// ```
public final class TrainingRun {
  /// How long, how often, and from which seed.
  public struct Settings: Sendable, Equatable, Codable {
    /// Steps in all.
    public var steps: Int
    /// Steps between validations; the last step validates too.
    public var validationInterval: Int
    /// Steps between checkpoints; the last step saves too.
    public var checkpointInterval: Int
    /// The gradients' common norm is clipped to this; nil: not at all.
    public var clippingNorm: Float?
    /// Of all randomness during training.
    public var seed: UInt64

    public init(
      steps: Int, validationInterval: Int = 250, checkpointInterval: Int = 250, clippingNorm: Float? = 1,
      seed: UInt64 = 1
    ) {
      require(
        steps >= 0 && validationInterval > 0 && checkpointInterval > 0,
        "TrainingRun: \(steps) steps, intervals \(validationInterval) and \(checkpointInterval)")
      (self.steps, self.validationInterval, self.checkpointInterval) = (steps, validationInterval, checkpointInterval)
      (self.clippingNorm, self.seed) = (clippingNorm, seed)
    }
  }

  /// What `onStep` learns.
  public struct Progress: Sendable {
    /// What was measured.
    public let metrics: StepMetrics
    /// Steps in all.
    public let steps: Int
    /// Seconds of the step itself, without validation and saving.
    public let stepSeconds: Double
    /// Whether the validation loss of this step is the lowest so far.
    public let isBest: Bool
    /// Whether a checkpoint was written after this step.
    public let isSaved: Bool

    /// Steps done, this one included.
    public var step: Int { metrics.step }
    /// The loss of the step's batch.
    public var loss: Float { metrics.loss }
  }

  /// How `train` ended.
  public enum Outcome: Sendable, Equatable {
    case finished
    /// `shouldStop` asked for it; everything is saved.
    case interrupted
    /// The loss or its gradients are not numbers: the last checkpoint is from before.
    case diverged
  }

  /// What is trained.
  public let model: any Module
  /// What changes it.
  public let optimizer: any Optimizer
  /// The learning rate of every step; it is told every validation loss.
  public internal(set) var schedule: any LearningRateSchedule
  /// The schedule before it was told anything.
  let initialSchedule: any LearningRateSchedule
  /// How long, how often, and from which seed.
  public let settings: Settings
  /// Where checkpoints, the best model and the log go; nil: nowhere.
  public let folder: URL?
  /// Steps done.
  public internal(set) var step = 0
  /// The lowest validation loss, and the step after which it was measured.
  public internal(set) var best: (loss: Float, step: Int)?
  /// Everything that was measured.
  public internal(set) var log = MetricsLog()
  /// Seconds of training in earlier sessions and this one.
  public internal(set) var seconds = 0.0
  /// Called to save the best model; by default its tensors under their property paths, in model.safetensors.
  public var saveBestModel: ((any Module) throws -> Void)?

  /// - Precondition: an optimizer with a momentum, if the schedule changes it.
  public init(
    model: any Module, optimizer: any Optimizer, schedule: any LearningRateSchedule, settings: Settings,
    folder: URL? = nil
  ) {
    require(
      schedule.momentum(at: 0) == nil || optimizer is any MomentumOptimizer,
      "TrainingRun: \(type(of: schedule)) changes the momentum, and \(type(of: optimizer)) has none")
    (self.model, self.optimizer) = (model, optimizer)
    (self.schedule, initialSchedule) = (schedule, schedule)
    (self.settings, self.folder) = (settings, folder)
  }

  /// Trains until all steps are done.
  ///
  /// - Parameters:
  ///   - loss: the loss of one step, with the generator of the step's randomness; runs in training mode and is recorded.
  ///   - validate: the loss on data that is not trained on; runs in inference mode.
  ///   - onStep: called after every step.
  ///   - shouldStop: asked after every step; true saves a checkpoint and ends.
  /// - Throws: `FileFormatError` if something cannot be saved.
  @discardableResult
  public func train(
    loss: (RandomGenerator) -> Tensor, validate: (() -> Float)? = nil, onStep: (Progress) -> Void = { _ in },
    shouldStop: () -> Bool = { false }
  ) throws -> Outcome {
    while step < settings.steps {
      let start = DispatchTime.now().uptimeNanoseconds
      let generator = RandomGenerator(seed: settings.seed, firstStream: UInt64(step) << 32)
      optimizer.learningRate = Float(schedule.learningRate(at: step))
      if let momentum = schedule.momentum(at: step) {
        (optimizer as? any MomentumOptimizer)?.momentum = Float(momentum)
      }
      var (value, gradients) = withRandomGenerator(generator) { valueAndGradients { loss(generator) } }
      let number = value.scalar
      guard number.isFinite else { return .diverged }
      if let norm = settings.clippingNorm { gradients = gradients.clipped(toNorm: norm) }
      optimizer.step(gradients)
      step += 1
      let stepSeconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
      seconds += stepSeconds

      let isLast = step == settings.steps
      let isInterrupted = !isLast && shouldStop()
      let saves = isLast || isInterrupted || step % settings.checkpointInterval == 0
      // A finite loss can have infinite gradients. Without a checkpoint in between, the next step's loss shows it.
      if saves && !gradients.norm.isFinite { return .diverged }
      var validationLoss: Float?
      var isBest = false
      if let validate, isLast || step % settings.validationInterval == 0 {
        let measured = validate()
        validationLoss = measured
        schedule.note(validationLoss: Double(measured))
        isBest = measured < best?.loss ?? .infinity
        if isBest { best = (measured, step) }
      }
      let metrics = StepMetrics(
        step: step, loss: number, validationLoss: validationLoss, learningRate: optimizer.learningRate,
        seconds: seconds)
      log.append(metrics)
      // The best model first: a run that is killed in between has a checkpoint that will make it again.
      if isBest { try saveBest() }
      if saves { try saveCheckpoint() }
      onStep(
        Progress(
          metrics: metrics, steps: settings.steps, stepSeconds: stepSeconds, isBest: isBest,
          isSaved: saves && folder != nil))
      if isInterrupted { return .interrupted }
    }
    return .finished
  }
}
