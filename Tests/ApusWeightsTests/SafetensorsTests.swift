// Files are read back bit for bit as they were written, and every type is converted correctly.
// Read next: SafetensorsHostileTests.swift.

import ApusTensor
import ApusTestSupport
import Foundation
import Testing

@testable import ApusFiles
@testable import ApusWeights

@Suite struct SafetensorsTests {
  private let strangeBits: [UInt32] = [
    0x0000_0000, 0x8000_0000, 0x3F80_0000, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0x7FC1_2345, 0xFFC0_0001,
    0x0000_0001, 0x807F_FFFF, 0x7F7F_FFFF, 0x0080_0000,
  ]

  @Test func roundTripKeepsEverything() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      let strange = Tensor(strangeBits.map { Float(bitPattern: $0) }, shape: [3, 4])
      let tensors: [(name: String, tensor: Tensor)] = [
        ("z.weight", strange), ("a \"quoted\"\n\\ näme 🐦", Tensor([7], shape: [])),
        ("empty", Tensor([], shape: [2, 0, 3])),
        ("deep", Tensor([1, 2], shape: [1, 1, 1, 1, 1, 1, 1, 2])),
      ]
      let metadata = ["step": "12", "config": "{\"layers\": 4}\u{1}\t", "": "empty key"]
      try SafetensorsWriter.write(tensors, metadata: metadata, to: url)
      let file = try SafetensorsFile(contentsOf: url)
      #expect(file.metadata == metadata)
      #expect(file.entries.map(\.name) == tensors.map(\.name))
      #expect(file.entries.map(\.type) == Array(repeating: .float32, count: 4))
      for (name, tensor) in tensors {
        let read = try file.tensor(named: name)
        #expect(read.shape == tensor.shape)
        #expect(bits(read) == bits(tensor))
      }
      #expect(try file.bytes(named: "z.weight") == Data(strangeBits.flatMap { littleEndianBytes($0) }))
      #expect(try contents(of: folder) == ["model.safetensors"])
      #expect(try Data(contentsOf: url) == SafetensorsWriter.encode(tensors, metadata: metadata))
    }
  }

  @Test func bytesAreExactlyThese() throws {
    let data = try SafetensorsWriter.encode(
      [("b", Tensor([1, 2], shape: [2])), ("a", Tensor([3], shape: []))], metadata: ["y": "2", "x": "1"])
    let header =
      #"{"__metadata__":{"x":"1","y":"2"},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""a":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(data == safetensors(padded, elements: [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 0, 0, 0x40, 0x40]))
    #expect(padded.utf8.count % 8 == 0)
  }

  /// Pages that a borrower returned are read from the file again, and tensors that still use them keep their values.
  @Test func returnedMemoryIsReadAgain() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "model.safetensors")
      let numbers = (0..<40_000).map { Float($0) }
      try SafetensorsWriter.write([("a", Tensor(numbers, shape: [40_000])), ("b", Tensor([1, 2]))], to: url)
      let file = try SafetensorsFile(contentsOf: url)
      let other = try file.tensor(named: "b")
      let kept = try file.tensor(named: "a")
      for _ in 0..<3 { #expect(try file.tensor(named: "a").scalars == numbers) }
      #expect(kept.scalars == numbers && other.scalars == [1, 2])
      // Bytes that were never in a file stay in memory.
      let copied = try SafetensorsFile(data: Data(contentsOf: url), name: "copy")
      for _ in 0..<2 { #expect(try copied.tensor(named: "a").scalars == numbers) }
    }
  }

  @Test func nothingIsAFileToo() throws {
    let file = try SafetensorsFile(data: SafetensorsWriter.encode([]), name: "f")
    #expect(file.entries.isEmpty)
    #expect(file.metadata.isEmpty)
    #expect(
      problems { () throws(FileFormatError) in _ = try file.tensor(named: "a") }
        == "f: tensor \"a\": expected a tensor, found no tensors at all")
  }

  @Test func writerRefusesNames() throws {
    let one = Tensor([1], shape: [1])
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      let text = problems { () throws(FileFormatError) in
        try SafetensorsWriter.write([("a", one), ("a", one), ("__metadata__", one)], to: url)
      }
      let path = url.path(percentEncoded: false)
      #expect(
        text == """
          \(path): tensor "a": expected every name once, found a duplicate
          \(path): tensor "__metadata__": expected another name, found the name that is reserved for metadata
          """)
      let names = try contents(of: folder)
      #expect(names.isEmpty)
    }
  }

  @Test func alignedFloatsAreNotCopied() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      try SafetensorsWriter.write([("a", Tensor([1, 2, 3], shape: [3]))], to: url)
      let file = try SafetensorsFile(contentsOf: url)
      let (first, second) = (try file.tensor(named: "a"), try file.tensor(named: "a"))
      #expect(first.withUnsafePointer { $0 } == second.withUnsafePointer { $0 })
    }
  }

  @Test func borrowedTensorsOutliveTheFileObjectAndItsReplacement() throws {
    try withTemporaryFolder { folder in
      let url = folder.appending(path: "x")
      try SafetensorsWriter.write([("a", Tensor([1, 2, 3], shape: [3]))], to: url)
      var tensor = try SafetensorsFile(contentsOf: url).tensor(named: "a")
      try SafetensorsWriter.write([("a", Tensor([4, 5, 6], shape: [3]))], to: url)
      #expect(tensor.scalars == [1, 2, 3])
      tensor.withUnsafeMutablePointer { $0[0] = 9 }
      #expect(tensor.scalars == [9, 2, 3])
      #expect(try SafetensorsFile(contentsOf: url).tensor(named: "a").scalars == [4, 5, 6])
    }
  }

  @Test func unalignedFloatsAreCopied() throws {
    for padding in 0..<8 {
      let header =
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"# + String(repeating: " ", count: padding)
      let data = safetensors(header, elements: littleEndianBytes(UInt32(0x7FC1_2345)) + [0, 0, 0x80, 0x3F])
      #expect(bits(try SafetensorsFile(data: data, name: "f").tensor(named: "a")) == [0x7FC1_2345, 0x3F80_0000])
    }
  }

  /// A file with one tensor after a single odd byte, so that it is not aligned.
  private func oneTensor(_ type: ElementType, _ count: Int, _ elements: [UInt8]) throws -> SafetensorsFile {
    let header = """
      {"odd":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},\
      "a":{"dtype":"\(type.rawValue)","shape":[\(count)],"data_offsets":[1,\(1 + elements.count)]}}
      """
    return try SafetensorsFile(data: safetensors(header, elements: [0] + elements), name: "f")
  }

  private func check<Number: FixedWidthInteger>(_ type: ElementType, _ numbers: [Number]) throws {
    let file = try oneTensor(type, numbers.count, numbers.flatMap { littleEndianBytes($0) })
    #expect(try file.tensor(named: "a").scalars == numbers.map { Float($0) })
    let small = numbers.compactMap { Int32(exactly: $0) }
    if small.count == numbers.count { #expect(try file.indices(named: "a").indices == small) }
  }

  @Test func wholeNumbers() throws {
    try check(.uint8, [UInt8](0...255))
    try check(.int8, [Int8](-128...127))
    try check(.uint16, [0, 1, UInt16.max])
    try check(.int16, [0, -1, Int16.min, Int16.max])
    try check(.uint32, [0, 1, UInt32(Int32.max)])
    try check(.uint32, [UInt32.max])
    try check(.int32, [0, -1, Int32.min, Int32.max])
    try check(.uint64, [0, 1, UInt64(Int32.max)])
    try check(.uint64, [UInt64.max])
    try check(.int64, [0, -1, Int64(Int32.min), Int64(Int32.max)])
    try check(.int64, [Int64.min, Int64.max, 16_777_217])
  }

  @Test func truthValues() throws {
    let file = try oneTensor(.bool, 4, [0, 1, 2, 255])
    #expect(try file.tensor(named: "a").scalars == [0, 1, 1, 1])
    #expect(try file.indices(named: "a").indices == [0, 1, 1, 1])
  }

  @Test func doublesAreRounded() throws {
    let numbers = [0.1, -1e300, 1 + 0x1p-25, .infinity, Double.leastNonzeroMagnitude]
    let file = try oneTensor(.float64, 5, numbers.flatMap { littleEndianBytes($0.bitPattern) })
    #expect(try file.tensor(named: "a").scalars == [0.1, -.infinity, 1, .infinity, 0])
  }

  @Test func bfloat16IsTheUpperHalf() throws {
    let all = [UInt16](0...UInt16.max)
    let file = try oneTensor(.bfloat16, all.count, all.flatMap { littleEndianBytes($0) })
    #expect(bits(try file.tensor(named: "a")) == all.map { UInt32($0) << 16 })
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func allHalvesAreExact() throws {
      let all = [UInt16](0...UInt16.max)
      let file = try oneTensor(.float16, all.count, all.flatMap { littleEndianBytes($0) })
      for (half, float) in zip(all, try file.tensor(named: "a").scalars) {
        let expected = Float16(bitPattern: half)
        if expected.isNaN {
          #expect(float.bitPattern == UInt32(half & 0x8000) << 16 | 0x7F80_0000 | UInt32(half & 0x3FF) << 13)
        } else {
          #expect(float.bitPattern == Float(expected).bitPattern)
        }
      }
    }
  #endif

  @Test func indicesOutOfRange() throws {
    let numbers: [Int64] = [1, 1 << 40, -(1 << 50)]
    let file = try oneTensor(.int64, 3, numbers.flatMap { littleEndianBytes($0) })
    #expect(
      problems { () throws(FileFormatError) in _ = try file.indices(named: "a") } == """
        f: tensor "a", element 1: expected a number from -2147483648 to 2147483647, found 1099511627776 (and 1 more)
        """)
  }

  @Test func otherTypesAreListedAndTheirBytesRead() throws {
    let file = try oneTensor(.float8e4m3, 3, [1, 2, 3])
    #expect(file.entry(named: "a")?.type == .float8e4m3)
    #expect(try file.bytes(named: "a") == Data([1, 2, 3]))
    #expect(
      problems { () throws(FileFormatError) in _ = try file.tensor(named: "a") }
        == "f: tensor \"a\", dtype: expected a type that converts to floats, found F8_E4M3")
    #expect(
      problems { () throws(FileFormatError) in _ = try file.indices(named: "a") }
        == "f: tensor \"a\", dtype: expected an integer type, found F8_E4M3")
    #expect(
      problems { () throws(FileFormatError) in _ = try file.bytes(named: "b") }
        == "f: tensor \"b\": expected a tensor, found only \"odd\", \"a\"")
    #expect(try oneTensor(.float4, 4, [1, 2]).entries.last?.elementCount == 4)
  }

  @Test func entriesComeInTheOrderOfTheirBytes() throws {
    let header =
      #"{"b":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},"e":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},"#
      + #""a":{"shape":[1],"data_offsets":[0,1],"dtype":"U8"}}"#
    let file = try SafetensorsFile(data: safetensors(header, elements: [5, 6]), name: "f")
    #expect(file.entries.map(\.name) == ["a", "e", "b"])
    let start = 8 + header.utf8.count
    #expect(file.entries.map(\.byteRange) == [start..<start + 1, start + 1..<start + 1, start + 1..<start + 2])
    #expect(try file.indices(named: "b").indices == [6])
    #expect(try file.indices(named: "e").shape == [0])
  }
}
