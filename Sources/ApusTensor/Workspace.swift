// Storages that repeated steps use again, so that a step allocates none.
// Read first: Storage.swift. Read next: ApusModels/Decoding/TokenGenerator.swift, whose tokens are such steps.

import ApusKernels

/// A set of storages that the tensors of one step leave for the next step.
///
/// A storage dies with the last tensor that holds it, and making a new one allocates an object. Next to the work of a
/// training step that cost is negligible. A decoder, however, needs the same few sizes for every token, and may generate
/// thousands of tokens per second. So a workspace keeps the storages made while it runs, and hands out again those that
/// no tensor holds anymore. A tensor that outlives its step keeps its storage, and its contents never change.
///
/// A workspace is used by one thread at a time.
package final class Workspace {
  /// More storages than a step holds at once. Beyond this number the oldest one is dropped.
  private static let most = 64

  private var storages: [Storage] = []

  package init() { storages.reserveCapacity(Workspace.most) }

  /// Runs `body`; tensors that it makes on this thread take their memory from this workspace.
  package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    try Workspace.bound.withValue(self, body)
  }

  private static let bound = ThreadBound<Workspace>()

  private static var current: Workspace? { bound.current }

  /// Undefined memory for `count` elements: from the current workspace, or new.
  static func storage(count: Int) -> Storage {
    guard let current else { return Storage(count: count) }
    return current.storage(count: count)
  }

  private func storage(count: Int) -> Storage {
    if let free = Workspace.firstFree(of: count, in: &storages) { return free }
    let new = Storage(count: count)
    if storages.count == Workspace.most { storages.removeFirst() }
    storages.append(new)
    return new
  }

  private static func firstFree(of count: Int, in storages: inout [Storage]) -> Storage? {
    for index in storages.indices where storages[index].count == count {
      if isKnownUniquelyReferenced(&storages[index]) { return storages[index] }
    }
    return nil
  }

  /// Whether only the current workspace and the caller hold a storage, so that the caller may change its contents.
  static func isOnlyOtherOwner(of storage: inout Storage) -> Bool {
    guard let current, let index = current.storages.firstIndex(where: { $0 === storage }) else { return false }
    current.storages.remove(at: index)
    defer { current.storages.append(storage) }
    return isKnownUniquelyReferenced(&storage)
  }
}
