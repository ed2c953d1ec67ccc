// The code of the tour's chapter on autograd: Docs/Tour/02-autograd-from-scratch.md.

import Apus
import Foundation

// snippet: TinyTape
/// The record of a computation on numbers: for every number, its inputs and its derivatives with respect to them.
final class TinyTape {
  /// ∂(this number)/∂(an earlier number)
  typealias Dependence = (input: Int, slope: Double)
  private var entries: [[Dependence]] = []

  func number(_ value: Double, from inputs: [Dependence] = []) -> Traced {
    entries.append(inputs)
    return Traced(value: value, index: entries.count - 1, tape: self)
  }

  /// dy/dx for every number x on the tape.
  func gradients(of y: Traced) -> [Double] {
    var gradients = [Double](repeating: 0, count: entries.count)
    gradients[y.index] = 1
    for index in stride(from: y.index, through: 0, by: -1) {
      for (input, slope) in entries[index] { gradients[input] += gradients[index] * slope }
    }
    return gradients
  }
}

/// A number that knows its place on a tape.
struct Traced {
  let value: Double
  let index: Int
  let tape: TinyTape

  static func + (a: Traced, b: Traced) -> Traced {
    a.tape.number(a.value + b.value, from: [(a.index, 1), (b.index, 1)])
  }

  static func * (a: Traced, b: Traced) -> Traced {
    a.tape.number(a.value * b.value, from: [(a.index, b.value), (b.index, a.value)])
  }

  func exponential() -> Traced {
    let y = exp(value)
    return tape.number(y, from: [(index, y)])
  }
}
// end snippet

func tinyTapeExample() -> (value: Double, dx: Double, dy: Double) {
  // snippet: TinyTapeUse
  let tape = TinyTape()
  let (x, y) = (tape.number(2), tape.number(3))
  let z = x * y + (x * x).exponential()
  let gradients = tape.gradients(of: z)
  // ∂z/∂x = y + 2x·eˣˣ, ∂z/∂y = x
  // end snippet
  return (z.value, gradients[x.index], gradients[y.index])
}

func tapeExamples() -> (gradient: Tensor?, slopes: [Tensor], jacobianRow: Tensor, halves: Tensor?, deep: Tensor?) {
  // snippet: TapeUse
  let weight = Variable(Tensor([2, 3]))
  let x = Tensor([10, 20])
  let (loss, gradients) = valueAndGradients { (weight.value * x).squared().sum() }
  // loss = 400 + 3,600; ∂loss/∂w = 2x²w
  // end snippet
  _ = loss

  // snippet: InputGradients
  let (_, _, slopes) = valueAndGradients(at: [x]) { x in (weight.value * x[0]).squared().sum() }
  // ∂loss/∂x = 2w²x, beside the gradients of the parameters

  let (_, pullback) = valueWithPullback(at: [x]) { x in (weight.value * x[0]).exp() }
  let row = pullback(Tensor([1, 0]))[0]
  // dL/dy = (1, 0) gives the first row of the Jacobian matrix
  // end snippet

  // snippet: Accumulated
  let halves = [Tensor([10, 0]), Tensor([0, 20])]
  let (_, mean) = valueAndGradients(averagingOver: halves) { x in (weight.value * x).squared().sum() }
  // end snippet

  // snippet: Rematerialized
  let (_, deep) = valueAndGradients {
    var y = weight.value
    for _ in 0..<100 {
      let input = y
      y = rematerialized { (input.sigmoid() * input).tanh() + input }
    }
    return y.sum()
  }
  // end snippet
  return (gradients[weight], slopes, row, mean[weight], deep[weight])
}
