// All model families of the package, and opening a folder of any of them.
// Read first: ApusPublished/Families/ModelFamily.swift. Each wing lists its own families, as in ApusLanguage/LanguageFamilies.swift.

public import ApusFiles
import ApusLanguage
import ApusMultimodal
public import ApusPublished
import ApusVision
package import ApusWeights
public import Foundation

extension ModelFamily {
  /// The families of this package.
  public static let all: [ModelFamily] = language + vision + multimodal
}

extension LoadedModel {
  /// Opens a folder of any family: `config.json`, and `model.safetensors` or its shards.
  ///
  /// - Parameters:
  ///   - folder: the folder.
  ///   - head: the class to read it as; nil: what `architectures` in config.json says.
  /// - Throws: everything that is wrong with the first file that is: an unknown family or class, values that are not
  ///   supported, missing, unexpected or misshapen tensors.
  public init(contentsOf folder: URL, head: String? = nil) throws(FileFormatError) {
    try self.init(contentsOf: folder, head: head, families: ModelFamily.all)
  }
}

extension LoadedModel {
  /// Makes the model of a configuration and weights, whatever its family.
  package init(_ folder: ModelFolder, head: String? = nil) throws(FileFormatError) {
    try self.init(folder, head: head, families: ModelFamily.all)
  }
}
