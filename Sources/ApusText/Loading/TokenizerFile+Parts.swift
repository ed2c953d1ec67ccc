// Reads the normalizers, pre-tokenizers, post-processors and decoders of a tokenizer.json.
// Read first: TokenizerFile.swift.

import ApusBase
import ApusFiles
import Foundation

extension TokenizerFile {
  // MARK: Normalizers

  func normalizer(_ value: JSONField?) throws(FileFormatError) -> (any Normalizer)? {
    guard let value else { return nil }
    switch try value["type"]?.string() {
    case "Sequence":
      var parts: [any Normalizer] = []
      for part in try value.require("normalizers", "the normalizers").array() {
        if let part = try normalizer(part) { parts.append(part) }
      }
      return NormalizerSequence(normalizers: parts)
    case "BertNormalizer":
      let lowercases = try value.bool("lowercase", default: true)
      return BertNormalizer(
        cleansText: try value.bool("clean_text", default: true),
        separatesIdeographs: try value.bool("handle_chinese_chars", default: true),
        stripsAccents: try value.bool("strip_accents", default: lowercases), lowercases: lowercases)
    case "NFC": return NormalizationForm.nfc
    case "NFD": return NormalizationForm.nfd
    case "NFKC": return NormalizationForm.nfkc
    case "NFKD": return NormalizationForm.nfkd
    case "Lowercase": return Lowercase()
    case "StripAccents": return StripAccents()
    case "Nmt": return Nmt()
    case "ByteLevel": return ByteLevelNormalizer()
    case "Strip":
      return Strip(
        left: try value.bool("strip_left", default: true), right: try value.bool("strip_right", default: true))
    case "Replace":
      return Replace(
        pattern: try pattern(value.require("pattern", "the pattern")),
        replacement: try value.require("content", "the replacement").string())
    case "Prepend": return Prepend(prefix: Array(try value.require("prepend", "the prefix").string().utf8))
    case "Precompiled":
      guard let map = value["precompiled_charsmap"], case .string(let text) = map.tree, !text.isEmpty else {
        return nil
      }
      guard let data = Data(base64Encoded: text) else { throw map.error("Base64 data") }
      return Precompiled(try CharacterMap(Array(data), path: path, place: map.place))
    default:
      throw try unknown(
        value,
        [
          "BertNormalizer", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents", "Nmt", "Strip", "Replace",
          "Prepend", "Precompiled", "ByteLevel", "Sequence",
        ])
    }
  }

  // MARK: Pre-tokenizers

  /// Reads the steps; nested sequences are flattened.
  func preTokenizer(_ value: JSONField?) throws(FileFormatError) -> [any PreTokenizer] {
    guard let value else { return [] }
    switch try value["type"]?.string() {
    case "Sequence":
      var steps: [any PreTokenizer] = []
      for step in try value.require("pretokenizers", "the pre-tokenizers").array() { steps += try preTokenizer(step) }
      return steps
    case "BertPreTokenizer": return [BertPreTokenizer()]
    case "ByteLevel":
      return [
        ByteLevel(
          addsPrefixSpace: try value.bool("add_prefix_space", default: true),
          cutsWords: try value.bool("use_regex", default: true))
      ]
    case "Whitespace": return [Whitespace()]
    case "WhitespaceSplit": return [WhitespaceSplit()]
    case "Metaspace":
      // Older files specify only whether a prefix is added, newer files also where.
      let addsPrefix = try value.bool("add_prefix_space", default: true)
      return [
        Metaspace(
          replacement: try value["replacement"]?.scalar() ?? 0x2581,
          prefix: try choice(
            value["prepend_scheme"], value.string("prepend_scheme", default: addsPrefix ? "always" : "never"),
            ["always": .always, "first": .first, "never": .never]),
          cuts: try value.bool("split", default: true))
      ]
    case "Punctuation": return [Punctuation(behavior: try behavior(value["behavior"]))]
    case "Digits": return [Digits(areIndividual: try value.bool("individual_digits", default: false))]
    case "CharDelimiterSplit":
      return [CharacterDelimiter(delimiter: try value.require("delimiter", "the delimiter").scalar())]
    case "FixedLength": return [FixedLength(length: try value["length"]?.int(1...1 << 30) ?? 5)]
    case "Split":
      return [
        PatternSplit(
          pattern: try pattern(value.require("pattern", "the pattern")),
          behavior: try behavior(value.require("behavior", "the behavior at matches")),
          isInverted: try value.bool("invert", default: false))
      ]
    default:
      throw try unknown(
        value,
        [
          "BertPreTokenizer", "ByteLevel", "Whitespace", "WhitespaceSplit", "Metaspace", "Punctuation", "Digits",
          "CharDelimiterSplit", "FixedLength", "Split", "Sequence",
        ])
    }
  }

  private func behavior(_ value: JSONField?) throws(FileFormatError) -> SplitBehavior {
    let names = Dictionary(uniqueKeysWithValues: SplitBehavior.allCases.map { ($0.rawValue, $0) })
    return try choice(value, value?.string() ?? "Isolated", names)
  }

  // MARK: Post-processors

  func postProcessor(_ value: JSONField?) throws(FileFormatError) -> (any PostProcessor)? {
    guard let value else { return nil }
    switch try value["type"]?.string() {
    case "Sequence":
      var steps: [any PostProcessor] = []
      for step in try value.require("processors", "the post-processors").array() {
        if let step = try postProcessor(step) { steps.append(step) }
      }
      return PostProcessorSequence(steps: steps)
    case "ByteLevel":
      guard try value.bool("trim_offsets", default: true) else { return nil }
      return OffsetTrimmer(hasPrefixSpace: try value.bool("add_prefix_space", default: true))
    case "BertProcessing":
      return ClassifierFrame(start: try token(value, "cls"), separator: try token(value, "sep"), isRoberta: false)
    case "RobertaProcessing":
      let frame = ClassifierFrame(
        start: try token(value, "cls"), separator: try token(value, "sep"), isRoberta: true)
      guard try value.bool("trim_offsets", default: true) else { return frame }
      let trimmer = OffsetTrimmer(hasPrefixSpace: try value.bool("add_prefix_space", default: true))
      return PostProcessorSequence(steps: [trimmer, frame])
    case "TemplateProcessing":
      return Template(single: try template(value, "single"), pair: try template(value, "pair"))
    default:
      throw try unknown(value, ["ByteLevel", "BertProcessing", "RobertaProcessing", "TemplateProcessing", "Sequence"])
    }
  }

  /// A token and its id, in the form `["[CLS]", 101]`.
  private func token(_ value: JSONField, _ key: String) throws(FileFormatError) -> (id: Int32, token: String) {
    let pair = try value.require(key, "a token and its id")
    let parts = try pair.array()
    guard parts.count == 2 else { throw pair.error("a token and its id") }
    return (Int32(try parts[1].int(0...Vocabulary.maximumID - 1)), try parts[0].string())
  }

  private func template(_ value: JSONField, _ key: String) throws(FileFormatError) -> [Template.Part] {
    var parts: [Template.Part] = []
    guard let list = value[key] else { return [] }
    for part in try list.array() {
      if let text = part["Sequence"] {
        let index = try choice(text["id"], text.require("id", "A or B").string(), ["A": 0, "B": 1])
        if index == 1, key == "single" { throw text.error("only sequence A in the template for a single text") }
        parts.append(.text(index, typeId: Int32(try text["type_id"]?.int(0...1 << 30) ?? 0)))
      } else {
        let special = try part.require("SpecialToken", "a SpecialToken or a Sequence")
        let name = try special.require("id", "the special token's name").string()
        guard let entry = value["special_tokens"]?[name] else {
          throw special.error("a token in special_tokens", quoted(name))
        }
        let ids = try entry.require("ids", "the token's ids").array()
        let tokens = try entry.require("tokens", "the tokens").array()
        guard ids.count == tokens.count else { throw entry.error("as many ids as tokens") }
        var list: [(id: Int32, token: String)] = []
        for (id, token) in zip(ids, tokens) {
          list.append((Int32(try id.int(0...Vocabulary.maximumID - 1)), try token.string()))
        }
        parts.append(.special(list, typeId: Int32(try special["type_id"]?.int(0...1 << 30) ?? 0)))
      }
    }
    return parts
  }

  // MARK: Decoders

  func decoder(_ value: JSONField?) throws(FileFormatError) -> (any TextDecoder)? {
    guard let value else { return nil }
    switch try value["type"]?.string() {
    case "Sequence":
      var steps: [any TextDecoder] = []
      for step in try value.require("decoders", "the decoders").array() {
        if let step = try decoder(step) { steps.append(step) }
      }
      return DecoderSequence(steps: steps)
    case "WordPiece":
      return WordPieceDecoder(
        prefix: try value.string("prefix", default: "##"), cleansUp: try value.bool("cleanup", default: true))
    case "ByteLevel": return ByteLevelDecoder()
    case "Metaspace":
      let addsPrefix = try value.bool("add_prefix_space", default: true)
      return MetaspaceDecoder(
        replacement: try value["replacement"]?.scalar() ?? 0x2581,
        dropsFirst: try value.string("prepend_scheme", default: addsPrefix ? "always" : "never") != "never")
    case "BPEDecoder": return SuffixDecoder(suffix: try value.string("suffix", default: "</w>"))
    case "ByteFallback": return ByteFallbackDecoder()
    case "Fuse": return FuseDecoder()
    case "Strip":
      let content = try value.require("content", "the character").scalar()
      return StripDecoder(
        content: Unicode.Scalar(content) ?? " ", start: try value["start"]?.int(0...1 << 30) ?? 0,
        stop: try value["stop"]?.int(0...1 << 30) ?? 0)
    case "Replace":
      return ReplaceDecoder(
        pattern: try pattern(value.require("pattern", "the pattern")),
        replacement: try value.require("content", "the replacement").string())
    case "CTC":
      return CTCDecoder(
        padding: try value.string("pad_token", default: "<pad>"),
        delimiter: try value.string("word_delimiter_token", default: "|"),
        cleansUp: try value.bool("cleanup", default: true))
    default:
      throw try unknown(
        value,
        [
          "WordPiece", "ByteLevel", "Metaspace", "BPEDecoder", "ByteFallback", "Fuse", "Strip", "Replace", "CTC",
          "Sequence",
        ])
    }
  }
}
