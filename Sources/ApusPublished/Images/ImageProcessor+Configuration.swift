// Reads the preprocessor_config.json or processor_config.json of Hugging Face's ViT and CLIP folders.
// Read first: ImageProcessor.swift.

public import ApusFiles
import ApusMedia
public import Foundation

extension ImageProcessor {
  /// The contents of a preprocessor_config.json.
  // The properties have the names of the keys.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct ForeignConfiguration: Decodable {
    var image_processor_type: String?
    var feature_extractor_type: String?
    var do_resize: Bool?
    var size: ForeignSize?
    var resample: Int?
    var do_center_crop: Bool?
    var crop_size: ForeignSize?
    var do_rescale: Bool?
    var rescale_factor: Float?
    var do_normalize: Bool?
    var image_mean: [Float]?
    var image_std: [Float]?
    var do_pad: Bool?
  }

  /// The contents of the newer processor_config.json, which combines the settings for text and images.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct ForeignProcessor: Decodable {
    var image_processor: ForeignConfiguration?
  }

  /// A size: a single number, or named edges.
  // swift-format-ignore: AlwaysUseLowerCamelCase
  private struct ForeignSize: Decodable {
    struct Edges: Decodable {
      var height: Int?
      var width: Int?
      var shortest_edge: Int?
      var longest_edge: Int?
    }
    var number: Int?
    var edges: Edges?

    init(from decoder: any Decoder) throws {
      if let number = try? decoder.singleValueContainer().decode(Int.self) {
        self.number = number
      } else {
        edges = try Edges(from: decoder)
      }
    }
  }

  /// The settings of a processor class that apply if the file does not specify them.
  private struct Defaults {
    let processor: ImageProcessor
    /// Whether a size that is a single number is the length of the shortest edge.
    let numberIsShortestEdge: Bool
  }

  private static let defaults: [String: Defaults] = {
    let vit = Defaults(processor: ImageProcessor(size: .exact(width: 224, height: 224)), numberIsShortestEdge: false)
    let clip = Defaults(processor: .clip(size: 224), numberIsShortestEdge: true)
    return [
      "ViTImageProcessor": vit, "ViTImageProcessorFast": vit, "ViTFeatureExtractor": vit,
      "CLIPImageProcessor": clip, "CLIPImageProcessorFast": clip, "CLIPFeatureExtractor": clip,
    ]
  }()

  private static let methods: [Int: Resampling] = [0: .nearest, 1: .lanczos, 2: .bilinear, 3: .bicubic]

  /// Reads the image settings in the preprocessor_config.json or processor_config.json of a ViT or CLIP folder.
  ///
  /// - Throws: if the file cannot be read; or all settings that would change the output and are not supported.
  public init(contentsOf url: URL) throws(FileFormatError) {
    try self.init(parsing: Data(try TextFile.read(url).utf8), path: url.readablePath)
  }

  /// Reads the settings in a file's bytes.
  init(parsing data: Data, path: String) throws(FileFormatError) {
    let foreign: ForeignConfiguration
    do {
      let nested = try JSONDecoder().decode(ForeignProcessor.self, from: data).image_processor
      foreign = try nested ?? JSONDecoder().decode(ForeignConfiguration.self, from: data)
    } catch {
      throw ImageProcessor.explanation(of: error, path: path)
    }
    var problems = ProblemList()
    let name = foreign.image_processor_type ?? foreign.feature_extractor_type ?? ""
    let known = ImageProcessor.defaults[name]
    if known == nil {
      let names = ImageProcessor.defaults.keys.sorted().joined(separator: ", ")
      problems.add("image_processor_type", expected: "one of \(names)", found: name.isEmpty ? "none" : quoted(name))
    }
    var result = known?.processor ?? ImageProcessor(size: nil)
    if foreign.do_pad == true { problems.add("do_pad", expected: "false", found: "true") }
    if let code = foreign.resample {
      if let method = ImageProcessor.methods[code] {
        result.resampling = method
      } else {
        problems.add(
          "resample", expected: "0 (nearest), 1 (Lanczos), 2 (bilinear) or 3 (bicubic)", found: "\(code)")
      }
    }
    let crops = foreign.do_center_crop ?? (result.crop != nil)
    if let size = foreign.size {
      result.size = ImageProcessor.size(size, "size", known?.numberIsShortestEdge ?? false, &problems)
    }
    if let size = foreign.crop_size,
      case .exact(let width, let height)? =
        ImageProcessor.size(size, "crop_size", false, &problems)
    {
      result.crop = Crop(width: width, height: height)
    } else if crops && result.crop == nil {
      problems.add("crop_size", expected: "a size because do_center_crop is true", found: "none")
    }
    if let mean = foreign.image_mean { result.mean = mean }
    if let deviation = foreign.image_std { result.standardDeviation = deviation }
    let (means, deviations) = (result.mean.count, result.standardDeviation.count)
    if !(1...4).contains(means) || means != deviations {
      problems.add(
        "image_mean, image_std", expected: "arrays of equal length, from 1 to 4", found: "\(means) and \(deviations)")
    }
    if result.standardDeviation.contains(0) {
      problems.add("image_std", expected: "numbers other than 0", found: "\(result.standardDeviation)")
    }
    if let factor = foreign.rescale_factor { result.scale = factor }
    try problems.check(path: path)

    if foreign.do_resize == false { result.size = nil }
    if !crops { result.crop = nil }
    if foreign.do_rescale == false { result.scale = nil }
    if foreign.do_normalize == false {
      result.mean = result.mean.map { _ in 0 }
      result.standardDeviation = result.mean.map { _ in 1 }
    }
    self = result
  }

  /// The longest edge that a configuration may request, because memory is allocated for the whole image.
  private static let longestEdge = 1 << 14

  private static func size(
    _ foreign: ForeignSize, _ key: FileFormatError.Place, _ numberIsShortestEdge: Bool, _ problems: inout ProblemList
  ) -> Size? {
    let edges = foreign.edges
    let numbers = [foreign.number, edges?.height, edges?.width, edges?.shortest_edge].compactMap { $0 }
    if let wrong = numbers.first(where: { !(1...longestEdge).contains($0) }) {
      problems.add(key, expected: "sizes from 1 to \(longestEdge)", found: "\(wrong)")
      return nil
    }
    if let number = foreign.number {
      return numberIsShortestEdge ? .shortestEdge(number) : .exact(width: number, height: number)
    }
    if let width = edges?.width, let height = edges?.height { return .exact(width: width, height: height) }
    if let edge = edges?.shortest_edge, edges?.longest_edge == nil, key == "size" { return .shortestEdge(edge) }
    problems.add(
      key, expected: "a number, height and width\(key == "size" ? ", or shortest_edge" : "")", found: "something else")
    return nil
  }

  private static func explanation(of error: any Error, path: String) -> FileFormatError {
    switch error as? DecodingError {
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      let key = context.codingPath.map(\.stringValue).joined(separator: ".")
      return FileFormatError(path: path, place: .key(key), expected: "\(type)", found: "something else")
    default: return FileFormatError(path: path, expected: "settings in JSON", found: "something else")
    }
  }
}
