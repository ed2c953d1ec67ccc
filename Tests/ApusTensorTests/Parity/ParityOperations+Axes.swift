// Operations along axes that have a fixture: reductions, sorting, indexing, einsum.
// Read first: ParityOperations.swift.

import ApusTensor

extension ParityOperation {
  static let selection = [
    ParityOperation("max") { example in
      let x = try example.tensor("input")
      return example.integer("dim").map { x.max(along: $0, keepingDimensions: example.flag("keepdim")) } ?? x.max()
    },
    ParityOperation("min") { example in
      let x = try example.tensor("input")
      return example.integer("dim").map { x.min(along: $0, keepingDimensions: example.flag("keepdim")) } ?? x.min()
    },
    ParityOperation("sort") {
      try $0.tensor("input").sorted(along: $0.integer("dim") ?? -1, descending: $0.flag("descending")).values
    },
    ParityOperation("topk") {
      try $0.tensor("input").topK(
        $0.integer("k") ?? 0, along: $0.integer("dim") ?? -1, largest: $0.flag("largest")
      ).values
    },
    ParityOperation("index_select") {
      try $0.tensor("input").indexSelect($0.index("index"), along: $0.integer("dim") ?? 0)
    },
    ParityOperation("gather") { try $0.tensor("input").gather($0.index("index"), along: $0.integer("dim") ?? 0) },
    ParityOperation("scatter") {
      try $0.tensor("input").scatter($0.tensor("src"), at: $0.index("index"), along: $0.integer("dim") ?? 0)
    },
    ParityOperation("scatter_add") {
      try $0.tensor("input").scatterAdd($0.tensor("src"), at: $0.index("index"), along: $0.integer("dim") ?? 0)
    },
  ]

  static let statistics = [
    ParityOperation("logsumexp") { example in
      let x = try example.tensor("input")
      return x.logSumExp(along: example.axes("dim", of: x), keepingDimensions: example.flag("keepdim"))
    },
    ParityOperation("cumsum") { try $0.tensor("input").cumulativeSum(along: $0.integer("dim") ?? 0) },
    ParityOperation("var") { example in
      let x = try example.tensor("input")
      return x.variance(
        along: example.axes("dim", of: x), correction: example.integer("correction") ?? 1,
        keepingDimensions: example.flag("keepdim"))
    },
    ParityOperation("std") { example in
      let x = try example.tensor("input")
      return x.standardDeviation(
        along: example.axes("dim", of: x), correction: example.integer("correction") ?? 1,
        keepingDimensions: example.flag("keepdim"))
    },
    ParityOperation("einsum") { example in
      let names = example.tensors.keys.filter { $0.hasPrefix("operand") }.sorted()
      return einsum(example.text("equation") ?? "", try names.map { try example.tensor($0) })
    },
  ]
}
