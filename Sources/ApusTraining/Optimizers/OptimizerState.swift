// What optimizers remember: arrays beside each parameter, and how they are checked when they come back.
// Read first: ElementwiseOptimizer.swift.

import ApusTensor
import ApusText

/// A tensor beside each parameter (a velocity, a moment), and how they are saved.
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

  /// Takes tensors of the right shapes, and says what is wrong with the others.
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
  /// Whole numbers that were saved as a tensor, one for every parameter.
  func counts(_ name: String, of count: Int, _ problems: inout [String]) -> [Int] {
    let numbers = self[name]?.scalars.map { Int(exactly: $0) ?? -1 } ?? []
    if numbers.count == count && numbers.allSatisfy({ $0 >= 0 }) { return numbers }
    problems.append("\(name): expected \(count) whole numbers, one for every parameter")
    return []
  }

  /// Names that an optimizer doesn't know: the state of another kind, or over more parameters.
  func checkNames(_ known: [String], _ problems: inout [String]) {
    for name in Set(keys).subtracting(known).sorted() { problems.append("\(name): unexpected") }
  }
}
