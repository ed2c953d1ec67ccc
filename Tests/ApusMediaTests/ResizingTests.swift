// Resizing, cropping and conversion compared with Pillow, and processing compared with Hugging Face's processors.
// Read first: ImageFixture.swift.

import ApusTensor
import ApusTestSupport
import ApusWeights
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusMedia
@testable import ApusPublished

@Suite struct ResizingTests {
  @Test func theSameBytesAsPillow() throws {
    let file = try ImageFixture.file("resize.safetensors")
    let image = try ImageFixture.image("image", in: file)
    let methods: [(String, Resampling)] = [
      ("nearest", .nearest), ("bilinear", .bilinear), ("bicubic", .bicubic), ("lanczos", .lanczos),
    ]
    for (name, method) in methods {
      for entry in file.entries where entry.name.hasPrefix(name + "_") {
        let expected = try ImageFixture.image(entry.name, in: file)
        #expect(image.resized(width: expected.width, height: expected.height, method) == expected, "\(entry.name)")
      }
    }
    #expect(file.entries.count == 4 * 7 + 2)
    #expect(try image.converted(toChannels: 1) == ImageFixture.image("gray", in: file))
  }

  @Test func channels() {
    let colors = Image(width: 2, height: 1, channels: 4, samples: [255, 0, 0, 9, 10, 10, 10, 8])
    #expect(colors.converted(toChannels: 3).samples == [255, 0, 0, 10, 10, 10])
    #expect(colors.converted(toChannels: 2).samples == [76, 9, 10, 8])
    #expect(colors.converted(toChannels: 1).converted(toChannels: 4).samples == [76, 76, 76, 255, 10, 10, 10, 255])
  }

  @Test func crops() {
    let image = Image(width: 3, height: 2, channels: 1, samples: [1, 2, 3, 4, 5, 6])
    #expect(image.centerCropped(width: 1, height: 1).samples == [2])
    #expect(image.centerCropped(width: 2, height: 2).samples == [1, 2, 4, 5])
    #expect(image.centerCropped(width: 4, height: 1).samples == [0, 1, 2, 3])
    #expect(
      image.centerCropped(width: 5, height: 4).samples == [0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 4, 5, 6, 0, 0, 0, 0, 0, 0])
  }

  /// Only the part that the crop keeps is computed, and it has the same pixels.
  @Test func croppedWhileResized() {
    let image = ImageFixture.picture(width: 31, height: 57, channels: 3, seed: 8)
    var processor = ImageProcessor(size: .shortestEdge(20), resampling: .bicubic)
    let whole = processor.prepared(image)
    #expect(whole.width == 20 && whole.height == 36)
    processor.crop = .init(width: 14, height: 17)
    #expect(processor.prepared(image) == whole.centerCropped(width: 14, height: 17))
    processor.crop = .init(width: 25, height: 40)
    #expect(processor.prepared(image) == whole.centerCropped(width: 25, height: 40))
    // The whole image would be resized to 20 × 60,000,000.
    processor.crop = .init(width: 16, height: 16)
    let long = Image(width: 1, height: 3_000_000, channels: 1, samples: Array(repeating: 7, count: 3_000_000))
    #expect(processor.prepared(long).samples.allSatisfy { $0 == 7 })
  }

  @Test(arguments: ["vit_image", "clip_image"]) func theSamePixelsAsTheirProcessors(_ name: String) throws {
    let processor = try ImageProcessor(contentsOf: ImageFixture.url(name + "/preprocessor_config.json"))
    let file = try ImageFixture.file(name + "/data.safetensors")
    for entry in file.entries where entry.name.hasSuffix(".image") {
      let pixels = processor([try ImageFixture.image(entry.name, in: file)])
      let prefix = entry.name.prefix { $0 != "." }
      // Their processors have two back ends: the bytes equal those of Pillow's, and differ by one or two from
      // torchvision's.
      for (ending, steps) in [(".pixel_values_pil", Float(0.01)), (".pixel_values", 2)] {
        let expected = try file.tensor(named: prefix + ending)
        #expect(Array(pixels.shape) == [1] + Array(expected.shape))
        for channel in 0..<3 {
          let step = 1 / 255 / processor.standardDeviation[channel]
          let plane = expected.elementCount / 3
          let range = channel * plane..<(channel + 1) * plane
          let difference = zip(pixels.scalars[range], expected.scalars[range]).map { abs($0 - $1) }.max() ?? 0
          #expect(difference <= steps * step, "\(entry.name)\(ending), channel \(channel): \(difference / step) steps")
        }
      }
    }
  }

  // MARK: Settings

  private func processor(_ text: String) throws -> ImageProcessor {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "preprocessor_config.json")
      try Data(text.utf8).write(to: url)
      return try ImageProcessor(contentsOf: url)
    }
  }

  private func errors(_ text: String) -> [String] {
    let error = #expect(throws: FileFormatError.self) { try processor(text) }
    return error?.problems.map { "\($0.place): expected \($0.expected), found \($0.found)" } ?? []
  }

  @Test func oldSettings() throws {
    let clip = try processor(#"{"feature_extractor_type": "CLIPFeatureExtractor", "size": 30, "crop_size": 28}"#)
    #expect(clip.size == .shortestEdge(30) && clip.crop == .init(width: 28, height: 28))
    #expect(clip.resampling == .bicubic && clip.mean[0] == 0.48145466)
    let vit = try processor(#"{"feature_extractor_type": "ViTFeatureExtractor", "size": 30, "resample": 3}"#)
    #expect(vit.size == .exact(width: 30, height: 30) && vit.crop == nil && vit.resampling == .bicubic)
    let plain = try processor(
      #"{"image_processor_type": "CLIPImageProcessor", "do_resize": false, "do_center_crop": false, "do_rescale": false, "do_normalize": false}"#
    )
    #expect(plain.size == nil && plain.crop == nil && plain.scale == nil)
    let image = Image(width: 1, height: 1, channels: 3, samples: [1, 2, 3])
    #expect(plain(image).scalars == [1, 2, 3])
  }

  @Test func settingsThatDoNotFit() {
    #expect(errors("{}").first?.hasPrefix("image_processor_type: expected one of CLIPFeatureExtractor, ") == true)
    let found = errors(
      #"{"image_processor_type": "ViTImageProcessor", "resample": 5, "size": {"height": 0, "width": 3}, "do_pad": true, "image_std": [0, 1, 1], "crop_size": {"shortest_edge": 3}}"#
    )
    #expect(found.count == 5)
    for beginning in ["resample:", "size:", "do_pad:", "image_std:", "crop_size:"] {
      #expect(found.contains { $0.hasPrefix(beginning) }, "\(beginning) in \(found)")
    }
    #expect(
      errors(#"{"image_processor_type": "ViTImageProcessor", "image_mean": [1, 2]}"#)
        == ["image_mean, image_std: expected arrays of equal length, from 1 to 4, found 2 and 3"])
    #expect(errors(#"{"size": "large"}"#).count == 1)
    #expect(errors("[") == ["file: expected settings in JSON, found something else"])
  }
}
