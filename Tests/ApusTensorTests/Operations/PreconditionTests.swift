// Programmer errors stop the program with a message that names the operation, the shapes and the rule.
// Each test runs in a process of its own.

import ApusTensor
import Testing

@Suite struct PreconditionTests {
  /// The message with which the process stopped.
  private func message(_ result: ExitTest.Result?) throws -> String {
    String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
  }

  @Test func innerSizesOfAProduct() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([8, 64]).matmul(.zeros([32, 10]))
    }
    #expect(try message(result).contains("matmul: inner dimensions differ: [8, 64] · [32, 10] (64 ≠ 32)"))
  }

  @Test func innerSizesOfATransposedProduct() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).matmul(.zeros([4, 5]), transposing: .second)
    }
    #expect(try message(result).contains("matmul: inner dimensions differ: [2, 3] · [4, 5]ᵀ (3 ≠ 5)"))
  }

  @Test func shapesThatDoNotBroadcast() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]) + Tensor.zeros([2])
    }
    #expect(
      try message(result).contains(
        "add: shapes [2, 3] and [2] do not broadcast (sizes must be equal, or one of them 1)"))
  }

  @Test func broadcastingToASmallerShape() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).broadcast(to: [1, 3])
    }
    #expect(try message(result).contains("broadcast: [2, 3] does not broadcast to [1, 3]"))
  }

  @Test func reshapingToAnotherCount() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).reshaped(to: [4])
    }
    #expect(try message(result).contains("reshaped: [2, 3] has 6 elements, [4] has 4 (they must be equal)"))
  }

  @Test func indicesOutOfRange() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([4, 2]).gathering([1, 4])
    }
    #expect(try message(result).contains("gathering: index 4 at position 1 is outside 0..<4"))
  }

  @Test func targetsThatAreNoClass() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.zeros([2, 3]), [-100, -1])
    }
    #expect(try message(result).contains("crossEntropy: index -1 at position 1 is outside 0..<3"))
  }

  @Test func lossesOfSeveralNumbers() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let variable = Variable(.zeros([2]))
      _ = valueAndGradients { variable.value * 2 }
    }
    #expect(try message(result).contains("valueAndGradients: the result has shape [2] (expected a single number"))
  }

  @Test func pullbacksThatAreCalledTwice() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let (_, pullback) = valueWithPullback(at: [Tensor([1])]) { $0[0] * 2 }
      _ = (pullback(Tensor([1])), pullback(Tensor([1])))
    }
    #expect(try message(result).contains("pullback: called a second time"))
  }

  @Test func axesThatDoNotExist() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).sum(along: 2)
    }
    #expect(try message(result).contains("sum: axis 2 is out of range for shape [2, 3] (rank 2)"))
  }

  @Test func layersWithOtherSizes() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = linear(.zeros([2, 3]), weight: .zeros([4, 5]))
    }
    #expect(try message(result).contains("linear: input [2, 3] and weight [4, 5] (expected [.., in] and [out, in])"))
  }

  @Test func attentionMasksThatDoNotFit() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor.zeros([1, 3, 4, 2])
      _ = scaledDotProductAttention(query: x, key: x, value: x, mask: AttentionMask(allowed: .ones([3, 5])))
    }
    #expect(try message(result).contains("attention: mask [3, 5], scores [1, 3, 4, 4] (the mask must broadcast"))
  }

  @Test func attentionOnShapesThatDoNotFit() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor.zeros([1, 3, 4, 2])
      _ = scaledDotProductAttention(query: x, key: .zeros([1, 2, 4, 2]), value: .zeros([1, 2, 4, 2]))
    }
    #expect(try message(result).contains("scaledDotProductAttention: query [1, 3, 4, 2], key [1, 2, 4, 2]"))
  }

  @Test func indicesOfAnotherShape() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).gather(IndexTensor([0, 1, 0], shape: [3, 1]), along: 1)
    }
    #expect(try message(result).contains("gather: indices [3, 1] into shape [2, 3] along axis 1"))
  }

  @Test func indicesBeyondAnAxis() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).scatterAdd(.ones([2, 1]), at: IndexTensor([0, -1], shape: [2, 1]), along: 1)
    }
    #expect(try message(result).contains("scatterAdd: index -1 at position 1 is outside 0..<3"))
  }

  @Test func moreThanThereAre() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).topK(4)
    }
    #expect(try message(result).contains("topK: 4 elements of axis 1 of shape [2, 3] (expected 0 to 3)"))
  }

  @Test func partsThatDoNotAddUp() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 6]).split(sizes: [2, 3], along: 1)
    }
    #expect(try message(result).contains("split: axis 1 of shape [2, 6] into sizes [2, 3] (they must add up to 6)"))
  }

  @Test func sizesThatEinsumCannotJoin() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij,jk->ik", .zeros([2, 3]), .zeros([4, 5]))
    }
    #expect(try message(result).contains("einsum: in \"ij,jk->ik\", 'j' is an axis of size 3 and of size 4"))
  }

  @Test func lettersThatEinsumDoesNotKnow() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = einsum("ij->k", .zeros([2, 3]))
    }
    #expect(try message(result).contains("einsum: in \"ij->k\", 'k' is in the result but in no operand"))
  }
}
