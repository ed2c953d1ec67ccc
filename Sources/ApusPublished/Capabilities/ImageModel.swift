// What programs can ask of models that read images, and how a folder describes the images its model expects.
// Read first: ../Running/PublishedModel.swift, ../Images/ImageProcessor.swift.

public import ApusFiles
public import ApusTensor
public import Foundation

/// A model that reads square images of one size.
public protocol ImageModel: PublishedModel {
  /// The height and width of an image in pixels.
  var imageSize: Int { get }
  /// The channels of an image.
  var imageChannels: Int { get }
  /// How images are prepared where the folder says nothing.
  var standardProcessor: ImageProcessor { get }
}

/// A model that assigns images to the classes it was trained on.
public protocol ImageClassifier: ImageModel {
  /// The number of classes; nil: the model was made without a classifier.
  var classCount: Int? { get }
  /// The kind of answer; nil: one class, or a number if there is a single logit.
  var problem: ClassificationProblem? { get }

  /// The logits of the classes.
  ///
  /// - Parameter pixels: [batch, channels, size, size], prepared by an `ImageProcessor`.
  /// - Returns: [batch, classes]
  func logits(_ pixels: Tensor) -> Tensor
}

/// A model that compares images with texts, so that any texts can serve as classes.
public protocol ImageTextMatcher: ImageModel {
  /// The number of tokens in the vocabulary.
  var vocabularySize: Int { get }
  /// The maximum number of tokens in a text.
  var maximumTextLength: Int { get }

  /// How well each image fits each text; a softmax over the texts gives probabilities.
  ///
  /// - Parameters:
  ///   - pixels: [images, channels, size, size], prepared by an `ImageProcessor`.
  ///   - ids: [texts, length], each text with its end token.
  /// - Returns: [images, texts]
  func logits(_ pixels: Tensor, _ ids: IndexTensor) -> Tensor
}

extension ImageModel {
  /// The preprocessing of images that the model's folder describes.
  ///
  /// It is read from `preprocessor_config.json`, or else from the fields `mean` and `std` of `config.json`; without these it is
  /// `standardProcessor`.
  ///
  /// - Throws: a file is invalid, or describes images with another size or number of channels than the model takes.
  public func processor(inFolder folder: URL) throws(FileFormatError) -> ImageProcessor {
    var settings = folder.appendingPathComponent("preprocessor_config.json")
    let newer = folder.appendingPathComponent("processor_config.json")
    if !FileManager.default.fileExists(atPath: settings.path), FileManager.default.fileExists(atPath: newer.path),
      try ConfigurationReader(contentsOf: newer).has("image_processor")
    {
      settings = newer
    }
    var processor = standardProcessor
    var path = settings.path
    if FileManager.default.fileExists(atPath: settings.path) {
      processor = try ImageProcessor(contentsOf: settings)
    } else {
      let file = try ConfigurationReader(contentsOf: folder.appendingPathComponent("config.json"))
      path = file.path
      if let mean = file.numbers("mean"), let deviation = file.numbers("std") {
        try file.check()
        guard (1...4).contains(mean.count), mean.count == deviation.count, !deviation.contains(0) else {
          throw FileFormatError(
            path: path, place: "mean, std", expected: "as many means as deviations other than 0", found: "others")
        }
        processor.mean = mean
        processor.standardDeviation = deviation
      }
    }
    var problems: [FileFormatError.Problem] = []
    let expected = "\(imageSize) × \(imageSize), as in config.json"
    if let size = processor.outputSize, size != (imageSize, imageSize) {
      problems.append(.init(place: "size, crop_size", expected: expected, found: "\(size.width) × \(size.height)"))
    } else if processor.outputSize == nil {
      problems.append(.init(place: "size, crop_size", expected: expected, found: "sizes that depend on the image"))
    }
    if processor.mean.count != imageChannels {
      problems.append(
        .init(place: "image_mean", expected: "\(imageChannels) channels", found: "\(processor.mean.count)"))
    }
    guard problems.isEmpty else { throw FileFormatError(path: path, problems: problems) }
    return processor
  }
}
