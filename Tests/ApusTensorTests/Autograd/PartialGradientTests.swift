// Operations with one pullback for several inputs: gradients that nobody needs are not computed.
// Read first: ApusTensor/Autograd/Pullback.swift. Read next: CustomOperationTests.swift.

import ApusTesting
import Testing

@testable import ApusTensor

/// An operation and inputs for it; each input may be tracked or constant.
private struct FusedOperation: Sendable {
  let name: String
  let inputs: [Tensor]
  let run: @Sendable ([Tensor]) -> Tensor

  /// The gradients of the tracked inputs, nil for the others, and how many storages the backward pass made.
  func gradients(tracking isTracked: [Bool]) -> (gradients: [Tensor?], storages: Int) {
    let variables = inputs.map { Variable($0) }
    let (value, pullback) = valueWithPullback(at: []) { _ in
      run(inputs.indices.map { isTracked[$0] ? variables[$0].value : inputs[$0] })
    }
    let seed = Samples.normal(value.shape, seed: 77)
    #if DEBUG
      let before = Storage.made
      let gradients = pullback.all(seed).parameters
      let storages = Storage.made - before
    #else
      let (gradients, storages) = (pullback.all(seed).parameters, 0)
    #endif
    return (variables.map { gradients[$0] }, storages)
  }

  func storages(tracking positions: Int...) -> Int {
    gradients(tracking: inputs.indices.map { positions.contains($0) }).storages
  }

  private init(_ name: String, _ shapes: [Shape], _ run: @escaping @Sendable ([Tensor]) -> Tensor) {
    self.name = name
    inputs = shapes.enumerated().map { Samples.normal($1, seed: UInt64($0 + 1)) }
    self.run = run
  }

  static let linear = FusedOperation("linear", [[5, 3], [4, 3], [4]]) {
    ApusTensor.linear($0[0], weight: $0[1], bias: $0[2])
  }
  static let activated = FusedOperation("linear with gelu", [[5, 3], [4, 3], [4]]) {
    ApusTensor.linear($0[0], weight: $0[1], bias: $0[2], activation: .gelu)
  }
  // (A GELU whose slope is kept is another kernel, with other last bits, than one whose slope is not.)
  static let feedForward = FusedOperation("feedForward", [[5, 3], [6, 3], [6], [2, 6], [2]]) {
    ApusTensor.feedForward($0[0], expansion: ($0[1], $0[2]), activation: .relu, contraction: ($0[3], $0[4]))
  }
  static let layerNorm = FusedOperation("layerNorm", [[5, 6], [6], [6]]) {
    ApusTensor.layerNorm($0[0], weight: $0[1], bias: $0[2])
  }
  static let rmsNorm = FusedOperation("rmsNorm", [[5, 6], [6]]) { ApusTensor.rmsNorm($0[0], weight: $0[1]) }
  static let groupNorm = FusedOperation("groupNorm", [[3, 4, 5], [4], [4]]) {
    ApusTensor.groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2])
  }
  static let attention = FusedOperation("attention", [[2, 4, 6], [2, 5, 6], [2, 5, 6], [4, 5]]) {
    ApusTensor.attention(query: $0[0], key: $0[1], value: $0[2], heads: 2, mask: AttentionMask(bias: $0[3]))
  }
  static let selfAttention = FusedOperation("selfAttention", [[2, 4, 18], [4, 4]]) {
    ApusTensor.selfAttention($0[0], heads: 3, mask: AttentionMask(bias: $0[1]))
  }
  static let concatenated = FusedOperation("concatenated", [[2, 3], [2, 1], [2, 4]]) {
    ApusTensor.concatenated($0, along: 1)
  }

  static var all: [FusedOperation] {
    [linear, activated, feedForward, layerNorm, rmsNorm, groupNorm, attention, selfAttention, concatenated]
  }
}

@Suite struct PartialGradientTests {
  /// Every choice of tracked inputs gives each of them the same bits.
  @Test func gradientsDoNotDependOnWhatElseIsTracked() {
    for operation in FusedOperation.all {
      let count = operation.inputs.count
      let all = operation.gradients(tracking: Array(repeating: true, count: count)).gradients
      for choice in 0..<1 << count {
        let isTracked = (0..<count).map { choice >> $0 & 1 == 1 }
        let gradients = operation.gradients(tracking: isTracked).gradients
        for input in 0..<count {
          #expect(
            gradients[input] == (isTracked[input] ? all[input] : nil), "\(operation.name) \(isTracked), input \(input)")
        }
      }
    }
  }

  #if DEBUG
    /// A gradient needs memory, so memory that was not taken is work that was not done. In a process of its own, because
    /// other tests take memory, too.
    @Test func gradientsOfConstantsAreNotComputed() async {
      await #expect(processExitsWith: .success) {
        let (linear, activated) = (FusedOperation.linear, FusedOperation.activated)
        #expect(linear.storages(tracking: 0) == 1 && linear.storages(tracking: 1) == 1)
        #expect(linear.storages(tracking: 2) == 1 && linear.storages(tracking: 0, 1, 2) == 3)
        // One more for the gradient of the sum before the activation.
        #expect(activated.storages(tracking: 1) == 2 && activated.storages(tracking: 0, 1, 2) == 4)
        let feedForward = FusedOperation.feedForward
        #expect(feedForward.storages(tracking: 3) == 1 && feedForward.storages(tracking: 4) == 1)
        // And here for the gradient of the hidden layer.
        #expect(feedForward.storages(tracking: 0) == 2 && feedForward.storages(tracking: 1) == 2)
        #expect(feedForward.storages(tracking: 2) == 2 && feedForward.storages(tracking: 0, 1, 2, 3, 4) == 6)
        for norm in [FusedOperation.layerNorm, .groupNorm] {
          #expect(norm.storages(tracking: 0) == 1 && norm.storages(tracking: 0, 1) == 2, "\(norm.name)")
          #expect(norm.storages(tracking: 0, 1, 2) == 3, "\(norm.name)")
        }
        #expect(FusedOperation.rmsNorm.storages(tracking: 0) == 1)
        #expect(FusedOperation.concatenated.storages(tracking: 1) == 1)
        let attention = FusedOperation.attention
        #expect(attention.storages(tracking: 0, 1, 2) < attention.storages(tracking: 0, 1, 2, 3))
      }
    }
  #endif

  // MARK: Operations of one's own

  private let a = Variable(Tensor([2]))
  private let b = Variable(Tensor([5]))

  @Test func pullbacksSeeWhatIsTracked() {
    var seen: [[Bool]] = []
    func product(_ a: Tensor, _ b: Tensor?) -> Tensor {
      (b.map { a.detached * $0.detached } ?? a.detached).recorded("product") {
        wrt([a, b]) { dy, isTracked in
          seen.append([isTracked[0], isTracked[1]])
          return [
            isTracked[0] ? b.map { dy * $0.detached } ?? dy : nil,
            isTracked[1] ? dy * a.detached : nil,
          ]
        }
      }
    }
    let (a, b) = (a, b)
    let (_, both) = valueAndGradients { product(a.value, b.value).sum() }
    #expect(both[a] == Tensor([5]) && both[b] == Tensor([2]))
    let (_, first) = valueAndGradients { product(a.value, b.value.detached).sum() }
    #expect(first[a] == Tensor([5]) && first[b] == nil)
    let (_, absent) = valueAndGradients { product(a.value, nil).sum() }
    #expect(absent[a] == Tensor([1]))
    // A tensor of the enclosing tape is a constant, too.
    _ = valueAndGradients {
      let outer = a.value * 1
      let (_, inner) = valueAndGradients { product(outer, b.value).sum() }
      #expect(inner[b] == Tensor([2]))
      return outer.sum()
    }
    #expect(seen == [[true, true], [true, false], [true, false], [false, true]])
  }

  @Test func nilForATrackedInputStops() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (a, b) = (Variable(Tensor([2])), Variable(Tensor([5])))
      _ = valueAndGradients {
        (a.value.detached * b.value.detached).recorded("halfProduct") { wrt([a.value, b.value]) { dy in [dy, nil] } }
      }
    }
    let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(message.contains("halfProduct: the pullback returned nil for input 1, which is tracked"), "\(message)")
  }

  @Test func anotherNumberOfGradientsStops() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let a = Variable(Tensor([2]))
      _ = valueAndGradients { a.value.recorded("same") { wrt([a.value, nil]) { dy in [dy] } } }
    }
    let message = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
    #expect(message.contains("same: the pullback returned 1 gradients for 2 inputs"), "\(message)")
  }
}
