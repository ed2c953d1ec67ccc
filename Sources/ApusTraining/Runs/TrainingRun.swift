// The training loop, with validation, checkpoints and exact resumption.
// Read first: ../Optimizers/Optimizer.swift. Read next: TrainingRun+Checkpoint.swift.

import ApusBase
public import ApusNN
public import ApusTensor
public import Foundation

/// Trains a model step by step, with validation and checkpoints.
///
/// A step depends only on the model, the optimizer, the step's number and the seed. The randomness of step s (the
/// choice of examples, dropout) comes from a generator that is derived from the seed and s. So a run that is
/// interrupted or killed, and then resumed from its checkpoint, gives bitwise the same result as an uninterrupted one.
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
  /// The length of a run, its intervals and its seed.
  public struct Settings: Sendable, Equatable, Codable {
    /// The total number of steps.
    public var steps: Int
    /// The number of steps between validations. The last step is always followed by a validation.
    public var validationInterval: Int
    /// The number of steps between checkpoints. The last step is always followed by a checkpoint.
    public var checkpointInterval: Int
    /// The maximum global norm of the gradients, for gradient clipping; nil for no clipping.
    public var clippingNorm: Float?
    /// The seed of all randomness during training.
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

  /// The progress that is passed to `onStep` after a step.
  public struct Progress: Sendable {
    /// The metrics of the step.
    public let metrics: StepMetrics
    /// The total number of steps.
    public let steps: Int
    /// The duration of the step in seconds, without validation and checkpoints.
    public let stepSeconds: Double
    /// Whether the validation loss after this step is the lowest so far.
    public let isBest: Bool
    /// Whether a checkpoint was written after this step.
    public let isSaved: Bool

    /// The number of completed steps, including this one.
    public var step: Int { metrics.step }
    /// The loss on the step's batch.
    public var loss: Float { metrics.loss }
  }

  /// The outcome of `train`.
  public enum Outcome: Sendable, Equatable {
    /// All steps are completed.
    case finished
    /// `shouldStop` returned true. A checkpoint was saved.
    case interrupted
    /// The loss or its gradients are not finite. The last checkpoint was saved before that.
    case diverged
  }

  /// The model that is trained.
  public let model: any Module
  /// The optimizer, which updates the model's parameters.
  public let optimizer: any Optimizer
  /// The learning-rate schedule, which is notified of every validation loss.
  public internal(set) var schedule: any LearningRateSchedule
  /// The schedule in its initial state.
  let initialSchedule: any LearningRateSchedule
  /// The length of the run, its intervals and its seed.
  public let settings: Settings
  /// The folder for checkpoints, the best model and the log; nil to save nothing.
  public let folder: URL?
  /// The number of completed steps.
  public internal(set) var step = 0
  /// The lowest validation loss, and the step after which it was measured.
  public internal(set) var best: (loss: Float, step: Int)?
  /// The metrics of all steps.
  public internal(set) var log = MetricsLog()
  /// The training time in seconds, over all sessions.
  public internal(set) var seconds = 0.0
  /// Saves the best model; nil to save its tensors under their property paths, in model.safetensors.
  public var saveBestModel: ((any Module) throws -> Void)?

  /// Makes a run that has not been started.
  ///
  /// - Precondition: if the schedule changes the momentum, the optimizer has one.
  public init(
    model: any Module, optimizer: any Optimizer, schedule: any LearningRateSchedule, settings: Settings,
    folder: URL? = nil
  ) {
    require(
      schedule.momentum(at: 0) == nil || optimizer is any MomentumOptimizer,
      "TrainingRun: \(type(of: schedule)) changes the momentum, but \(type(of: optimizer)) has none")
    (self.model, self.optimizer) = (model, optimizer)
    (self.schedule, initialSchedule) = (schedule, schedule)
    (self.settings, self.folder) = (settings, folder)
  }

  /// Trains until all steps are completed.
  ///
  /// - Parameters:
  ///   - loss: computes the loss of one step with the given random generator. It runs in training mode and is recorded.
  ///   - validate: computes the loss on held-out data. It runs in inference mode.
  ///   - onStep: called after every step.
  ///   - shouldStop: called after every step but the last. If it returns true, a checkpoint is saved and training ends.
  /// - Returns: whether training finished, was interrupted or diverged.
  /// - Throws: `FileFormatError` if a file cannot be written.
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
      // A finite loss can have infinite gradients. They are checked only before a checkpoint, because otherwise the
      // next step's loss shows them.
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
      // The best model is saved first: if the run is killed in between, resuming from the last checkpoint saves it
      // again.
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
