// The tokens of a model and their ids. Read first: ByteStringTable.swift. Read next: TokenModel.swift.

/// Maps tokens to ids and ids to tokens. Ids may have gaps, and several tokens may share an id.
struct Vocabulary: Sendable {
  /// Larger ids are rejected: the table of tokens would need more memory than any model's embeddings.
  static let maximumID = 1 << 24

  private(set) var tokens: [String?] = []
  private(set) var table: ByteStringTable

  init(capacity: Int = 0) {
    table = ByteStringTable(capacity: capacity)
    tokens.reserveCapacity(capacity)
  }

  /// One more than the largest id.
  var size: Int { tokens.count }

  /// The number of tokens. Several tokens may share an id, and several ids may share a spelling.
  var count: Int { max(table.count, tokens.count { $0 != nil }) }

  /// Adds a token.
  ///
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

  /// The id of a token given as bytes, which need not be valid UTF-8; −1 if there is none.
  func id(of bytes: [UInt8]) -> Int32 { table.find(bytes) }

  func token(of id: Int32) -> String? { id >= 0 && Int(id) < tokens.count ? tokens[Int(id)] : nil }
}
