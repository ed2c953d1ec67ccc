// ViT and CLIP: sizes, behaviour, and real weights of other authors.
// Read first: Tests/ApusFamiliesTests/Published/FixtureParityTests.swift, which compares outputs and gradients.

import Apus
import ApusNN
import ApusTensor
import ApusTesting
import ApusTraining
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusLanguage
@testable import ApusMedia
@testable import ApusMultimodal
@testable import ApusPublished
@testable import ApusText
@testable import ApusVision

@Suite struct ViTTests {
  private let tiny = ViT.Configuration(
    imageSize: 6, patchSize: 3, channels: 2, classes: 4, layers: 2, heads: 2, width: 8, intermediateSize: 10,
    epsilon: 1e-6)

  private func pixels(_ count: Int) -> Tensor { withSeed(9) { .randomNormal([count, 2, 6, 6]) } }

  @Test func publishedSizes() {
    #expect(withoutInitialValues { ViT(.base16).parameterCount } == 86_567_656)
    #expect(ViT(tiny).parameterCount == 8 * 18 + 8 + 8 + 5 * 8 + 2 * (8 * 32 + 32 + 8 * 20 + 18 + 32) + 16 + 36)
  }

  /// A patch is a row of a product: the same numbers as a convolution with stride = kernel, written out.
  @Test func patchesAreAConvolution() {
    let layer = withSeed(1) { PatchEmbedding(size: 3, channels: 2, width: 5) }
    let x = withSeed(2) { Tensor.randomNormal([2, 2, 6, 9]) }
    let y = layer(x)
    #expect(y.shape == [2, 6, 5])
    let weight = layer.projection.weight.reshaped(to: [5, 2, 3, 3])
    for (image, row, column, feature) in [(0, 0, 0, 0), (1, 1, 2, 4), (0, 1, 0, 3), (1, 0, 1, 2)] {
      var sum = layer.projection.bias?.scalars[feature] ?? 0
      for c in 0..<2 {
        for i in 0..<3 {
          for j in 0..<3 {
            sum += x[scalarAt: image, c, 3 * row + i, 3 * column + j] * weight[scalarAt: feature, c, i, j]
          }
        }
      }
      #expect(abs(y[scalarAt: image, row * 3 + column, feature] - sum) < 1e-5)
    }
  }

  /// With one class the answer is a number, with several and labels of floats any of them may be right.
  @Test func lossesFollowTheLabels() throws {
    for (classes, labels, problem) in [
      (1, Tensor([0.5, -2], shape: [2]), nil), (4, Tensor([1, 0, 0, 1, 0, 0, 1, 1], shape: [2, 4]), nil),
      (4, Tensor([1, 0.5, 0, 1, 0, -3, 1, 1], shape: [2, 4]), ClassificationProblem.regression),
    ] {
      var configuration = tiny
      configuration.classes = classes
      let model = PublishedViT(withSeed(3) { ViT(configuration) }, { _ in TensorNames([]) }, problem: problem)
      let inputs = ModelInputs(["pixel_values": .tensor(pixels(2)), "labels": .tensor(labels)])
      let outputs = try model.outputs(for: InputReader(inputs))
      let logits = try #require(outputs["logits"]).scalars
      let losses = zip(logits, labels.scalars).map { x, y in
        classes == 1 || problem != nil ? (x - y) * (x - y) : log(1 + exp(x)) - x * y
      }
      let expected = losses.reduce(0, +) / Float(losses.count)
      #expect(abs((outputs.loss?.scalar ?? .nan) - expected) < 1e-5)
    }
  }

  @Test func gradientsOfTheWholeModel() {
    for isFirst in [true, false] {
      var configuration = tiny
      configuration.isPreNorm = isFirst
      configuration.attentionScale = isFirst ? nil : 0.3
      configuration.classifierWidth = isFirst ? 5 : nil
      let model = withSeed(3) { ViT(configuration) }
      // The smaller the vectors, the more does normalization bend along a step of the finite difference.
      model.positions.weight = model.positions.weight * 50
      model.classToken = model.classToken * 50
      let x = pixels(3)
      let report = checkGradients(ofParameters: model.namedParameters) { crossEntropy(model(x), [0, 3, 1]) }
      #expect(report.passed, "\(report)")
    }
  }

  @Test func eightPicturesAreLearnedByHeart() {
    let model = withSeed(4) { ViT(tiny) }
    let (x, classes) = (pixels(8), IndexTensor([0, 1, 2, 3, 3, 2, 1, 0]))
    let optimizer = AdamW(model.parameters, learningRate: 1e-2)
    for _ in 0..<80 {
      let (_, gradients) = valueAndGradients { crossEntropy(model(x), classes) }
      optimizer.step(gradients.clipped(toNorm: 1))
    }
    #expect(model(x).argMax(along: -1).indices == classes.indices)
  }

  /// The last block computes one token only where nothing else is asked for.
  @Test func theShortWayGivesTheSameScores() throws {
    for isFirst in [true, false] {
      var configuration = tiny
      configuration.isPreNorm = isFirst
      let model = withSeed(5) { ViT(configuration) }
      let states = model.hiddenStates(pixels(3))
      let comparison = Comparison(
        model(pixels(3)), model.logits(states.firstTokens), absolute: 1e-6, relativeToLargest: 1e-5)
      #expect(comparison.isClose, "\(comparison)")
    }
    let clip = try #require(ModelFixture(name: "clip").load().model as? CLIP)
    let pixels = withSeed(6) { Tensor.randomNormal([2, 3, 24, 24]) }
    let states = clip.vision.hiddenStates(pixels)
    let comparison = Comparison(
      clip.vision(pixels), clip.vision.finalNorm(states.firstTokens), absolute: 1e-6, relativeToLargest: 1e-5)
    #expect(comparison.isClose, "\(comparison)")
  }

  @Test func theBareModelHasVectors() throws {
    let fixture = ModelFixture(name: "vit_image_classification")
    var inputs = try fixture.inputs()
    inputs.values["labels"] = nil
    let outputs = try fixture.load(head: "ViTModel").outputs(for: inputs)
    #expect(outputs["last_hidden_state"]?.shape == [3, 10, 32])
    #expect(outputs["pooler_output"] == nil)
  }

  // MARK: Real weights

  private func normalized(_ bytes: Data, count: Int, _ name: String) throws -> Tensor {
    let config = try RealWeights.json(name, "config.json")
    let mean = try #require(config["mean"] as? [Double])
    let deviation = try #require(config["std"] as? [Double])
    let channels = mean.count
    let plane = bytes.count / count / channels
    let edge = Int(Double(plane).squareRoot())
    let scalars = bytes.enumerated().map { index, byte in
      let channel = index / plane % channels
      return (Float(byte) / 255 - Float(mean[channel])) / Float(deviation[channel])
    }
    return Tensor(scalars, shape: [count, channels, edge, edge])
  }

  private func check(_ name: String, _ images: Data, _ labels: [UInt8], accuracy: String) throws {
    let loaded = try LoadedModel(contentsOf: RealWeights.folder(name))
    let model = try #require(loaded.model as? PublishedViT).model
    let reference = try RealWeights.reference(name)
    let logits = try #require(reference["logits_first_8"] as? [[Double]])
    let scores = model(try normalized(images, count: labels.count, name))
    let expected = Tensor(logits.flatMap { $0.map { Float($0) } }, shape: [8, 10])
    let comparison = Comparison(scores.slice(0..<8), expected, absolute: 1e-6, relativeToLargest: 2e-5)
    #expect(comparison.isClose, "\(comparison)")
    let right = zip(scores.argMax(along: -1).indices, labels).count { $0 == Int32($1) }
    // Of the first hundred; the file tells of all.
    #expect(abs(Double(right) / Double(labels.count) - (reference[accuracy] as? Double ?? 0)) < 0.08, "\(right) right")
  }

  @Test(.enabled(if: RealWeights.exist("vit-mnist"), "the weights are not here"))
  func digitsAreRead() throws {
    let images = try Data(contentsOf: RealWeights.data.appending(path: "mnist/t10k-images-idx3-ubyte"))
    let labels = try Data(contentsOf: RealWeights.data.appending(path: "mnist/t10k-labels-idx1-ubyte"))
    try check(
      "vit-mnist", images.dropFirst(16).prefix(100 * 784), Array(labels.dropFirst(8).prefix(100)),
      accuracy: "accuracy_all_1000")
  }

  @Test(.enabled(if: RealWeights.exist("vit-cifar10"), "the weights are not here"))
  func photosAreSorted() throws {
    let file = [UInt8](try Data(contentsOf: RealWeights.data.appending(path: "cifar10/test_batch.bin")))
    var (images, labels) = (Data(), [UInt8]())
    for row in 0..<100 {
      // (The file is sorted by class: every fifth picture.)
      let start = (row < 8 ? row : row * 5) * 3073
      labels.append(file[start])
      images += file[start + 1..<start + 3073]
    }
    try check("vit-cifar10", images, labels, accuracy: "accuracy_all_500")
  }
}

@Suite struct CLIPTests {
  private let tiny = CLIP.Configuration(
    text: .init(vocabularySize: 12, contextLength: 6, layers: 2, heads: 2, width: 8, intermediateSize: 10, end: 11),
    vision: .init(imageSize: 6, patchSize: 3, channels: 2, layers: 2, heads: 2, width: 10, intermediateSize: 12),
    projection: 7)

  private let ids = IndexTensor([1, 2, 11, 0, 3, 4, 5, 11, 6, 11, 11, 2], shape: [3, 4])

  @Test func publishedSizes() {
    #expect(withoutInitialValues { CLIP(.base32).parameterCount } == 151_277_313)
  }

  @Test func gradientsOfTheWholeModel() {
    let model = withSeed(5) { CLIP(tiny) }
    // The smaller the vectors, the more does normalization bend along a step of the finite difference.
    model.text.tokenEmbedding.weight = model.text.tokenEmbedding.weight * 50
    model.text.positionEmbedding.weight = model.text.positionEmbedding.weight * 50
    model.vision.positions.weight = model.vision.positions.weight * 3
    model.logitScale = Tensor(0.5)
    let pixels = withSeed(6) { Tensor.randomNormal([3, 2, 6, 6]) }
    let report = checkGradients(ofParameters: model.namedParameters) {
      CLIP.loss(
        model.similarities(images: model.embedding(ofImages: pixels), texts: model.embedding(ofTexts: ids)))
    }
    #expect(report.passed, "\(report)")
  }

  /// What stands behind the first end token says nothing, whether or not a mask hides it.
  @Test func paddingChangesNothing() {
    let model = withSeed(7) { CLIP(tiny) }
    let whole = model.embedding(ofTexts: ids)
    let other = IndexTensor([1, 2, 11, 9, 3, 4, 5, 11, 6, 11, 7, 7], shape: [3, 4])
    #expect(model.embedding(ofTexts: other) == whole)
    let mask = IndexTensor([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0], shape: [3, 4])
    let masked = model.embedding(ofTexts: ids, tokens: mask)
    #expect(Comparison(masked, whole, absolute: 1e-6, relativeToLargest: 1e-5).isClose)
  }

  @Test func theOldEndTokenIsTheLargest() {
    var configuration = tiny
    configuration.text.end = nil
    let (model, newer) = (withSeed(7) { CLIP(configuration) }, withSeed(7) { CLIP(tiny) })
    #expect(model.embedding(ofTexts: ids) == newer.embedding(ofTexts: ids))
  }

  @Test func picturesFindTheirTexts() {
    let model = withSeed(8) { CLIP(tiny) }
    let pixels = withSeed(9) { Tensor.randomNormal([3, 2, 6, 6]) }
    let optimizer = AdamW(model.parameters, learningRate: 5e-3)
    func similarities() -> Tensor {
      model.similarities(images: model.embedding(ofImages: pixels), texts: model.embedding(ofTexts: ids))
    }
    for _ in 0..<60 {
      let (_, gradients) = valueAndGradients { CLIP.loss(similarities()) }
      optimizer.step(gradients.clipped(toNorm: 1))
    }
    #expect(similarities().argMax(along: -1).indices == [0, 1, 2])
    #expect(similarities().argMax(along: 0).indices == [0, 1, 2])
  }
}

@Suite struct ImageModelTests {
  private func processor(_ fixture: String, _ files: [String: String] = [:]) throws -> ImageProcessor {
    let fixture = ModelFixture(name: fixture)
    let model = try #require(try fixture.load().model as? any ImageModel)
    return try withTemporaryFolder { folder in
      let config = try String(contentsOf: fixture.folder.appendingPathComponent("config.json"), encoding: .utf8)
      for (name, text) in ["config.json": config].merging(files, uniquingKeysWith: { $1 }) {
        try Data(text.utf8).write(to: folder.appendingPathComponent(name))
      }
      return try model.processor(inFolder: folder)
    }
  }

  @Test func withoutSettingsTheModelDecides() throws {
    #expect(try processor("vit_image_classification") == ImageProcessor(size: .exact(width: 24, height: 24)))
    #expect(try processor("clip") == .clip(size: 24))
    let own = try processor(
      "vit_image_classification", ["config.json": #"{"mean": [0.1, 0.2, 0.3], "std": [1, 2, 3]}"#])
    #expect(own.mean == [0.1, 0.2, 0.3] && own.standardDeviation == [1, 2, 3])
  }

  @Test func settingsMustFitTheModel() throws {
    func problem(_ settings: String) -> String {
      let error = #expect(throws: FileFormatError.self) {
        try processor("vit_image_classification", ["preprocessor_config.json": settings])
      }
      return error?.description ?? ""
    }
    let type = #""image_processor_type": "ViTImageProcessor""#
    #expect(problem("{\(type)}").hasSuffix("size, crop_size: expected 24 × 24, as in config.json, found 224 × 224"))
    #expect(problem(#"{\#(type), "size": {"shortest_edge": 24}}"#).hasSuffix("sizes that depend on the image"))
    #expect(problem(#"{\#(type), "size": 24, "image_mean": [1], "image_std": [1]}"#).hasSuffix("3 channels, found 1"))
  }

  /// From a picture of another size to scores.
  @Test func aPictureIsClassified() throws {
    let loaded = try ModelFixture(name: "vit_image_classification").load()
    let published = try #require(loaded.model as? PublishedViT)
    let picture = Image(width: 40, height: 31, channels: 1, samples: (0..<1240).map { UInt8($0 % 251) })
    let scores = published.model(published.standardProcessor([picture]))
    #expect(scores.shape == [1, 5] && loaded.labels?.count == 5)
  }
}
