// Writes PNG files. Read first: PNGReader.swift, Deflate.swift.

import ApusFiles
public import Foundation

extension Image {
  /// The image as a PNG file with 8 bits per sample, in gray or color, with alpha if the image has it.
  ///
  /// - Complexity: O(samples)
  public func pngData() -> Data {
    let types: [PNGFormat.ColorType] = [.gray, .grayAlpha, .color, .colorAlpha]
    let header =
      bigEndian(width) + bigEndian(height) + [8, UInt8(types[channels - 1].rawValue), 0, 0, 0]
    var file = PNGFormat.signature
    for (name, content) in [("IHDR", header), ("IDAT", Deflater.deflate(filteredRows())), ("IEND", [])] {
      let body = Array(name.utf8) + content
      file += bigEndian(content.count) + body + bigEndian(Int(CRC32.checksum(body[...])))
    }
    return Data(file)
  }

  private func bigEndian(_ number: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: number >> $0) } }

  /// The scanlines, each after its filter byte. Of the five filters, each row gets the one with the smallest sum of
  /// differences.
  private func filteredRows() -> [UInt8] {
    let rowBytes = width * channels
    var result: [UInt8] = []
    result.reserveCapacity(height * (rowBytes + 1))
    for y in 0..<height {
      var best: (sum: Int, row: [UInt8]) = (.max, [])
      for filter in 0..<5 {
        var row = [UInt8](repeating: UInt8(filter), count: rowBytes + 1)
        var sum = 0
        for i in 0..<rowBytes {
          let place = y * rowBytes + i
          let left = i >= channels ? Int(samples[place - channels]) : 0
          let up = y > 0 ? Int(samples[place - rowBytes]) : 0
          let corner = y > 0 && i >= channels ? Int(samples[place - rowBytes - channels]) : 0
          let prediction: Int
          switch filter {
          case 1: prediction = left
          case 2: prediction = up
          case 3: prediction = (left + up) / 2
          case 4: prediction = PNGScanlines.paeth(left, up, corner)
          default: prediction = 0
          }
          let difference = samples[place] &- UInt8(prediction)
          row[i + 1] = difference
          // Differences wrap around, so 255 counts as 1.
          sum += min(Int(difference), 256 - Int(difference))
        }
        if sum < best.sum { best = (sum, row) }
      }
      result += best.row
    }
    return result
  }
}
