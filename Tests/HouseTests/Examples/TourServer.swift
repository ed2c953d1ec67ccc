// The code of the tour's chapter on serving: Docs/Tour/14-in-a-server.md.

import Apus

// snippet: VectorService
/// Sentence embeddings for many callers: requests that arrive while a batch is computed form the next batch.
actor VectorService {
  private let embedder: SentenceEmbedder
  private var waiting: [(ids: [Int32], reply: CheckedContinuation<[Float], Never>)] = []
  private var isRunning = false
  private(set) var batches = 0

  init(_ embedder: sending SentenceEmbedder) { self.embedder = embedder }

  func vector(of ids: [Int32]) async -> [Float] {
    await withCheckedContinuation { reply in
      waiting.append((ids, reply))
      if isRunning { return }
      isRunning = true
      Task { await run() }
    }
  }

  private func run() async {
    while !waiting.isEmpty {
      await Task.yield()  // lets waiting callers add their requests
      let batch = waiting
      waiting = []
      batches += 1
      let vectors = embedder.vectors(of: batch.map(\.ids))
      let (rows, width) = (vectors.scalars, embedder.width)
      for (index, request) in batch.enumerated() {
        request.reply.resume(returning: Array(rows[index * width..<(index + 1) * width]))
      }
    }
    isRunning = false
  }
}
// end snippet
