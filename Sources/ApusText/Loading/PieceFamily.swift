// The model families that use SentencePiece, which differ in ids, special tokens and templates.
// Read first: SentencePieceFile.swift. Read next: PieceTokenizer.swift.

import ApusFiles
import Foundation

/// A model family whose tokenizer is based on SentencePiece.
enum PieceFamily {
  /// SentencePiece's own ids, without special tokens.
  case plain
  /// `A </s>`, and the sentinels `<extra_id_0>` … after all pieces.
  case t5
  /// `<s> A`
  case llama
  /// `<bos> A`
  case gemma
  /// `[CLS] A [SEP]`, with lowercased text without accents.
  case albert
  /// `<s> A </s>`, with the ids of all pieces increased by one, and `<mask>` after them.
  case xlmRoberta
  /// `<s> A </s>`, with the ids of all pieces increased by four, and `<mask>` after them.
  case camembert

  /// Determines the family from the files in a folder.
  ///
  /// - Throws: if they name a family whose ids are not known here.
  init(_ settings: TokenizerSettings, folder: URL, model: String) throws(FileFormatError) {
    if let field = settings.config?["tokenizer_class"] {
      var name = try field.string()
      for end in ["Fast", "Tokenizer"] where name.hasSuffix(end) { name.removeLast(end.count) }
      switch name {
      case "T5", "MT5": self = .t5
      case "Llama": self = .llama
      case "Gemma": self = .gemma
      case "Albert": self = .albert
      case "XLMRoberta": self = .xlmRoberta
      case "Camembert": self = .camembert
      case "MBart", "MBart50", "M2M100", "Nllb", "Pegasus", "XGLM", "Speech2Text", "PLBart", "DebertaV2", "BigBird",
        "XLNet", "Reformer", "Rembert", "FNet", "CodeLlama":
        throw PieceFamily.unknown(name + "Tokenizer", model)
      default: self = try PieceFamily.byModelType(folder, model)
      }
    } else {
      self = try PieceFamily.byModelType(folder, model)
    }
  }

  private static func byModelType(_ folder: URL, _ model: String) throws(FileFormatError) -> PieceFamily {
    let type = try TokenizerFolder(folder).object("config.json")?.string("model_type", default: "") ?? ""
    switch type {
    case "t5", "mt5", "umt5", "longt5", "switch_transformers": return .t5
    case "llama", "mistral", "mixtral": return .llama
    case "gemma", "gemma2": return .gemma
    case "albert": return .albert
    case "xlm-roberta", "xlm-roberta-xl": return .xlmRoberta
    case "camembert": return .camembert
    case "mbart", "m2m_100", "nllb", "nllb-moe", "pegasus", "xglm", "speech_to_text", "plbart", "deberta-v2",
      "big_bird",
      "xlnet", "reformer", "rembert", "fnet":
      throw unknown(type, model)
    default: return .plain
    }
  }

  private static func unknown(_ name: String, _ model: String) -> FileFormatError {
    FileFormatError(
      path: model, expected: "a tokenizer.json beside it",
      found: "none; models of type \(quoted(name)) do not use the ids in this file")
  }

  /// The tokens with special roles, unless a file specifies them.
  var roles: [String: TokenizerSettings.Token] {
    let names: [String: String] =
      switch self {
      case .plain: [:]
      case .t5: ["eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"]
      case .llama: ["bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"]
      case .gemma: ["bos_token": "<bos>", "eos_token": "<eos>", "unk_token": "<unk>", "pad_token": "<pad>"]
      case .albert:
        [
          "bos_token": "[CLS]", "eos_token": "[SEP]", "unk_token": "<unk>", "sep_token": "[SEP]", "pad_token": "<pad>",
          "cls_token": "[CLS]", "mask_token": "[MASK]",
        ]
      case .xlmRoberta, .camembert:
        [
          "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>", "pad_token": "<pad>",
          "cls_token": "<s>", "mask_token": "<mask>",
        ]
      }
    return names.mapValues { TokenizerSettings.Token(content: $0) }
  }

  /// Whether the mask token includes the space before it, unless a file specifies that.
  var maskStripsLeft: Bool {
    switch self {
    case .albert, .xlmRoberta, .camembert: true
    case .plain, .t5, .llama, .gemma: false
    }
  }

  // MARK: Ids

  /// The vocabulary of the family, and the id of each piece in the file.
  ///
  /// The fairseq models XLM-RoBERTa and CamemBERT have their own special tokens first.
  ///
  /// - Throws: if the file does not begin with the pieces that those tokens replace.
  func numbers(_ file: SentencePieceFile) throws(FileFormatError) -> (vocabulary: Vocabulary, numbers: [Int32]) {
    let first: [String]
    switch self {
    case .plain, .t5, .llama, .gemma, .albert: return (file.vocabulary, file.pieces.indices.map { Int32($0) })
    case .xlmRoberta: first = ["<s>", "<pad>", "</s>", "<unk>"]
    case .camembert: first = ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED"]
    }
    let pieces = file.pieces
    guard pieces.count > 3, pieces[0].kind == .unknown, pieces[1].kind == .control, pieces[2].kind == .control else {
      throw FileFormatError(
        path: file.path, expected: "an unknown piece, then two control pieces, as in fairseq's models",
        found: "other pieces")
    }
    let isCamembert = self == .camembert
    let (offset, dropped) = isCamembert ? (4, 1) : (1, 3)
    var vocabulary = Vocabulary(capacity: pieces.count + 5)
    for (id, piece) in pieces.enumerated().dropFirst(dropped) { vocabulary.insert(piece.bytes, id: id + offset) }
    for (id, token) in first.enumerated() { vocabulary.insert(Array(token.utf8), id: id) }
    if !isCamembert { vocabulary.insert(Array("<mask>".utf8), id: pieces.count + offset) }
    return (vocabulary, pieces.indices.map { $0 == 0 ? 3 : Int32($0 + offset) })
  }
}
