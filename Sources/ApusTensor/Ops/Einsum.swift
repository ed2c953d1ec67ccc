// Einsum: Einstein summation, reduced to diagonals, sums, permutations and matrix products.
// Read first: MatMul.swift, Shaping.swift.

import ApusBase

/// Einstein summation: a sum of products over axes that are named by letters.
///
/// ```swift
/// einsum("bhid,bhjd->bhij", q, k)     // scores: Σ_d q[b, h, i, d]·k[b, h, j, d]
/// einsum("ii", a)                     // the trace
/// einsum("...ij,jk", x, w)            // any leading axes
/// ```
///
/// Axes with the same letter share an index; their sizes must be equal or 1. Letters that are missing from the result
/// are summed over. A letter that occurs twice in one operand selects the diagonal. "..." stands for axes that
/// broadcast. Without "->", the result has the broadcast axes, followed by the letters that occur once, in alphabetical
/// order.
///
/// - Parameters:
///   - equation: the letters of each operand, separated by commas, then "->" and the letters of the result, each once.
///   - operands: one tensor for each operand of the equation.
/// - Returns: a tensor with the axes of the equation's result.
/// - Complexity: operands are contracted from left to right, each step by one batched matrix product.
/// - Precondition: the equation is well formed and matches the shapes.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }

/// Einstein summation over an array of operands; see `einsum(_:_:)`.
///
/// - Parameters:
///   - equation: the letters of each operand and of the result.
///   - operands: one tensor for each operand of the equation.
/// - Precondition: the equation is well formed and matches the shapes.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
  let equation = EinsumEquation(equation, operands.map(\.shape))
  var terms = zip(operands, equation.inputs).map { operand, labels in
    // An axis of size 1 that broadcasts against a larger one is dropped.
    LabeledTensor(operand, labels).takingDiagonals().dropping { size, label in size == 1 && equation.sizes[label] != 1 }
  }
  var result = terms.removeFirst()
  while !terms.isEmpty {
    let next = terms.removeFirst()
    result = result.contracted(with: next, keeping: terms.reduce(Set(equation.output)) { $0.union($1.labels) })
  }
  return result.summed(keeping: Set(equation.output)).permuted(to: equation.output).tensor
}

/// A parsed equation, checked against the operands' shapes.
///
/// A label is a letter's ASCII code, or −1, −2, … for the axes of "...", counted from the last one.
private struct EinsumEquation {
  private(set) var inputs: [[Int]] = []
  private(set) var output: [Int] = []
  /// The size of the axes with each label.
  private(set) var sizes: [Int: Int] = [:]

  init(_ text: String, _ shapes: [Shape]) {
    let sides = text.replacing(" ", with: "").split(separator: "->", omittingEmptySubsequences: false)
    require(sides.count <= 2, "einsum: \"\(text)\" has more than one ->")
    let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
    require(
      !shapes.isEmpty && terms.count == shapes.count,
      "einsum: \"\(text)\" has \(terms.count) operands, but \(shapes.count) were given")
    for (position, (term, shape)) in zip(terms, shapes).enumerated() {
      let labels = EinsumEquation.labels(term, rank: shape.rank, text)
      require(
        labels.count == shape.rank,
        "einsum: operand \(position) of \"\(text)\" has shape \(shape), which does not fit \"\(term)\"")
      for (label, size) in zip(labels, shape) {
        let known = sizes[label] ?? 1
        require(
          known == size || known == 1 || size == 1,
          "einsum: in \"\(text)\", \(EinsumEquation.name(label)) is an axis of size \(known) and of size \(size)")
        sizes[label] = known == 1 ? size : known
      }
      inputs.append(labels)
    }
    let all = inputs.flatMap { $0 }
    let dots = (all.min() ?? 0) < 0 ? Array((all.min() ?? 0)...(-1)) : []
    if sides.count == 2 {
      output = EinsumEquation.labels(sides[1], rank: sides[1].count { $0 != "." } + dots.count, text)
    } else {
      output = dots + Set(all).filter { label in label > 0 && all.count { $0 == label } == 1 }.sorted()
    }
    for label in output {
      require(
        sizes[label] != nil, "einsum: in \"\(text)\", \(EinsumEquation.name(label)) is in the result but in no operand")
      require(
        output.count { $0 == label } == 1,
        "einsum: in \"\(text)\", \(EinsumEquation.name(label)) is in the result twice")
    }
  }

  private static func name(_ label: Int) -> String {
    label < 0 ? "..." : UInt8(exactly: label).map { "'\(Character(Unicode.Scalar($0)))'" } ?? "\(label)"
  }

  private static func labels(_ term: Substring, rank: Int, _ text: String) -> [Int] {
    let parts = term.split(separator: "...", omittingEmptySubsequences: false)
    require(parts.count <= 2, "einsum: \"\(text)\" has ... twice in \"\(term)\"")
    let letters = parts.map { part in
      part.map { character in
        guard let code = character.asciiValue, character.isLetter else {
          requirementFailure("einsum: '\(character)' in \"\(text)\" (expected letters, commas, ... and ->)")
        }
        return Int(code)
      }
    }
    if letters.count == 1 { return letters[0] }
    let dots = Swift.max(0, rank - letters[0].count - letters[1].count)
    return letters[0] + (0..<dots).map { $0 - dots } + letters[1]
  }
}

/// A tensor whose axes have labels.
private struct LabeledTensor {
  let tensor: Tensor
  let labels: [Int]

  init(_ tensor: Tensor, _ labels: [Int]) { (self.tensor, self.labels) = (tensor, labels) }

  /// This tensor with axes of the same label replaced by their diagonal.
  func takingDiagonals() -> LabeledTensor {
    for (second, label) in labels.enumerated() {
      guard let first = labels[..<second].firstIndex(of: label) else { continue }
      require(
        tensor.shape[first] == tensor.shape[second],
        "einsum: the diagonal of axes \(first) and \(second) of shape \(tensor.shape), which differ")
      let rest = labels.indices.filter { $0 != first && $0 != second }.map { labels[$0] }
      return LabeledTensor(tensor.diagonal(of: first, and: second), rest + [label]).takingDiagonals()
    }
    return self
  }

  /// This tensor without the axes that meet a condition on size and label; these must have size 1.
  func dropping(_ condition: (_ size: Int, _ label: Int) -> Bool) -> LabeledTensor {
    let kept = labels.indices.filter { !condition(tensor.shape[$0], labels[$0]) }
    if kept.count == labels.count { return self }
    return LabeledTensor(tensor.reshaped(to: Shape(kept.map { tensor.shape[$0] })), kept.map { labels[$0] })
  }

  /// This tensor summed over the axes whose labels are not in `kept`.
  func summed(keeping kept: Set<Int>) -> LabeledTensor {
    let axes = labels.indices.filter { !kept.contains(labels[$0]) }
    if axes.isEmpty { return self }
    return LabeledTensor(tensor.sum(along: axes), labels.filter { kept.contains($0) })
  }

  /// This tensor with its axes in the given order of labels.
  func permuted(to order: [Int]) -> LabeledTensor {
    if order == labels { return self }
    return LabeledTensor(tensor.permuted(order.map { labels.firstIndex(of: $0) ?? 0 }), order)
  }

  private func size(of part: [Int]) -> Int {
    part.reduce(1) { $0 * (labels.firstIndex(of: $1).map { tensor.shape[$0] } ?? 1) }
  }

  /// This tensor with each group of labels merged into one axis; an empty group becomes an axis of size 1.
  private func grouped(_ groups: [[Int]]) -> Tensor {
    permuted(to: groups.flatMap { $0 }).tensor.reshaped(to: Shape(groups.map { size(of: $0) }))
  }

  /// The product with `other`, summed over all labels that are not in `kept`.
  func contracted(with other: LabeledTensor, keeping kept: Set<Int>) -> LabeledTensor {
    let a = summed(keeping: kept.union(other.labels))
    let b = other.summed(keeping: kept.union(a.labels))
    // Labels of both operands: those that are kept become batch axes, the others are summed over.
    let common = a.labels.filter { b.labels.contains($0) }
    let (batch, inner) = (common.filter { kept.contains($0) }, common.filter { !kept.contains($0) })
    let rows = a.labels.filter { !common.contains($0) }
    let columns = b.labels.filter { !common.contains($0) }

    func result(_ tensor: Tensor, _ labels: [Int]) -> LabeledTensor {
      let sizes = labels.map { label in a.labels.contains(label) ? a.size(of: [label]) : b.size(of: [label]) }
      return LabeledTensor(tensor.reshaped(to: Shape(sizes)), labels)
    }
    if inner.isEmpty {
      return result(a.grouped([batch, rows, []]) * b.grouped([batch, [], columns]), batch + rows + columns)
    }
    if rows.isEmpty && columns.isEmpty {
      return result((a.grouped([batch, inner]) * b.grouped([batch, inner])).sum(along: 1), batch)
    }
    // Operands that are stored transposed are read that way instead of being copied.
    let aLiesTransposed = !rows.isEmpty && a.labels == batch + inner + rows
    let bLiesTransposed = !columns.isEmpty && b.labels == batch + columns + inner
    switch (aLiesTransposed, bLiesTransposed) {
    case (true, true):
      let product = b.grouped([batch, columns, inner]).matmul(a.grouped([batch, inner, rows]))
      return result(product, batch + columns + rows)
    case (true, false):
      let product = a.grouped([batch, inner, rows]).matmul(b.grouped([batch, inner, columns]), transposing: .first)
      return result(product, batch + rows + columns)
    case (false, true):
      let product = a.grouped([batch, rows, inner]).matmul(b.grouped([batch, columns, inner]), transposing: .second)
      return result(product, batch + rows + columns)
    case (false, false):
      let product = a.grouped([batch, rows, inner]).matmul(b.grouped([batch, inner, columns]))
      return result(product, batch + rows + columns)
    }
  }
}
