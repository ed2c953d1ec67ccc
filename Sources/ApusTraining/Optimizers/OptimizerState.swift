// The state of the optimizers: arrays for each parameter, and the checks when a state is restored.
// Read first: ElementwiseOptimizer.swift.

import ApusTensor
import ApusText

/// A state array for each parameter, such as its velocity or a moment.
struct Slots {
  let name: String
  var tensors: [Tensor]

  init(_ name: String, like variables: [Variable]) {
    self.name = name
    tensors = variables.map { .zeros($0.value.shape) }
  }

  var state: [(name: String, tensor: Tensor)] {
    tensors.enumerated().map { ("\(name).\($0)", $1) }
  }

  /// Loads the tensors from a saved state, and appends a problem for every missing or wrongly shaped one.
  mutating func load(_ state: [String: Tensor], _ problems: inout [String]) {
    for index in tensors.indices {
      let key = "\(name).\(index)"
      guard let tensor = state[key] else {
        problems.append("\(key): missing")
        continue
      }
      if tensor.shape == tensors[index].shape {
        tensors[index] = tensor
      } else {
        problems.append("\(key): expected shape \(tensors[index].shape), found \(tensor.shape)")
      }
    }
  }
}

extension [String: Tensor] {
  /// Reads step counts that were saved as a tensor, one for each parameter.
  func counts(_ name: String, of count: Int, _ problems: inout [String]) -> [Int] {
    let numbers = self[name]?.scalars.map { Int(exactly: $0) ?? -1 } ?? []
    if numbers.count == count && numbers.allSatisfy({ $0 >= 0 }) { return numbers }
    problems.append("\(name): expected \(count) whole numbers, one for every parameter")
    return []
  }

  /// Appends a problem for every unknown name, which is a sign of a different optimizer or of more parameters.
  func checkNames(_ known: [String], _ problems: inout [String]) {
    for name in Set(keys).subtracting(known).sorted() { problems.append("\(name): unexpected") }
  }
}
