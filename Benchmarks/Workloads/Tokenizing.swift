// Workloads: a megabyte of English text with a published tokenizer.
// Read next: ApusText/Tokenizer/Tokenizer.swift.

import ApusBase
import ApusKernelTypes
import ApusText
import Foundation

/// The environment variable that names a folder with a tokenizer's files.
private let variable = "APUS_TOKENIZER"

/// The tokenizer workloads; none without the environment variable, because the package contains no published tokenizer.
let tokenizingWorkloads: [Workload] = {
  guard let folder = ProcessInfo.processInfo.environment[variable], !folder.isEmpty else { return [] }
  let url = URL(fileURLWithPath: folder, isDirectory: true)
  return [
    tokenize("tokenize_shakespeare", url) { tokenizer, text in _ = tokenizer.ids(of: text) },
    // Includes the offsets of every token, which Hugging Face's library always computes.
    tokenize("tokenize_shakespeare_offsets", url) { tokenizer, text in
      _ = try? tokenizer.encode(text, addingSpecialTokens: false)
    },
    Workload(name: "load_tokenizer", limit: .overhead) { _ in
      return { _ = loaded(url) }
    },
  ]
}()

/// Tokenizes all of tiny Shakespeare as one text, on one thread.
private func tokenize(
  _ name: String, _ folder: URL, _ body: @escaping @Sendable (Tokenizer, String) -> Void
) -> Workload {
  Workload(name: name, limit: .overhead, items: ("bytes/s", Double(shakespeare.utf8.count))) { _ in
    let (tokenizer, text) = (loaded(folder), shakespeare)
    return { body(tokenizer, text) }
  }
}

private let shakespeare: String = {
  let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appendingPathComponent("Sources/ApusCommand/Resources/tinyshakespeare.txt")
  do {
    return try String(contentsOf: file, encoding: .utf8)
  } catch {
    stop("\(file.path): \(error.localizedDescription) (run the program on the machine that built it)")
  }
}()

private func loaded(_ folder: URL) -> Tokenizer {
  do {
    return try Tokenizer(folder: folder)
  } catch {
    stop("\(variable): \(error)")
  }
}
