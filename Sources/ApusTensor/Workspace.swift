// Memory for steps that come again and again: the tensors of one take the storages of the step before.
// Read first: Storage.swift. Read next: ApusGeneration/TokenGenerator.swift, whose tokens are such steps.

import ApusBase
import Foundation

/// Storages that the tensors of one step leave to those of the next.
///
/// A storage dies with the last tensor that holds it, and a new one is an object to be allocated. Beside the work of a training
/// step that is nothing; but a decoder takes the same few sizes for every token, and may write thousands of them in a second.
/// So a workspace keeps the storages that were taken while it runs, and whichever nobody else holds any more is given out
/// again. What outlives a step is held, and stays what it is.
///
/// For one task at a time.
package final class Workspace {
  /// More than a step holds at one time; beyond, the storage that was taken first is given up.
  private static let most = 64

  private var storages: [Storage] = []

  package init() { storages.reserveCapacity(Workspace.most) }

  /// Runs `body`, in which tensors get their memory from this workspace.
  package func run<Result>(_ body: () throws -> Result) rethrows -> Result {
    let outer = pthread_getspecific(Workspace.key)
    pthread_setspecific(Workspace.key, Unmanaged.passUnretained(self).toOpaque())
    defer { pthread_setspecific(Workspace.key, outer) }
    return try withExtendedLifetime(self) { try body() }
  }

  // A body never changes its thread, so the thread may know the workspace. (A task-local value would cost an allocation for
  // every binding, and more time to look up, which every tensor does.)
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let status = pthread_key_create(&key, nil)
    require(status == 0, "Workspace: no thread-specific values are left (error \(status))")
    return key
  }()

  private static var current: Workspace? {
    pthread_getspecific(key).map { Unmanaged<Workspace>.fromOpaque($0).takeUnretainedValue() }
  }

  /// Memory for `count` elements, undefined: from the workspace that runs, or new.
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

  /// Whether a storage is held only here and by the caller, who then may change what is in it.
  static func isOnlyOtherOwner(of storage: inout Storage) -> Bool {
    guard let current, let index = current.storages.firstIndex(where: { $0 === storage }) else { return false }
    current.storages.remove(at: index)
    defer { current.storages.append(storage) }
    return isKnownUniquelyReferenced(&storage)
  }
}
