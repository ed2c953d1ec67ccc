// The tokens of a model and their numbers. Read first: ByteStringTable.swift. Read next: TokenModel.swift.

/// Tokens by id, ids by token. Ids need not be without gaps, and several tokens may share one.
struct Vocabulary: Sendable {
  /// Larger ids are refused: the table of tokens would take more memory than any model's embeddings.
  static let maximumID = 1 << 24

  private(set) var tokens: [String?] = []
  private(set) var table: ByteStringTable

  init(capacity: Int = 0) {
    table = ByteStringTable(capacity: capacity)
    tokens.reserveCapacity(capacity)
  }

  /// One more than the largest id.
  var size: Int { tokens.count }

  /// The number of tokens: several may have one id, or one spelling.
  var count: Int { max(table.count, tokens.count { $0 != nil }) }

  /// - Precondition: 0 ≤ id < `maximumID`.
  mutating func insert(_ token: [UInt8], id: Int) {
    while tokens.count <= id { tokens.append(nil) }
    tokens[id] = String(decoding: token, as: UTF8.self)
    table.insert(token, value: Int32(id))
  }

  func id(of token: String) -> Int32? {
    let id = table.find(Array(token.utf8))
    return id < 0 ? nil : id
  }

  /// The id of bytes that may be no valid UTF-8, or −1.
  func id(of bytes: [UInt8]) -> Int32 { table.find(bytes) }

  func token(of id: Int32) -> String? { id >= 0 && Int(id) < tokens.count ? tokens[Int(id)] : nil }
}
