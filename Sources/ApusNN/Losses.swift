// Losses for regression and yes–no decisions; crossEntropy is in ApusTensor.

public import ApusTensor

/// mean (prediction − target)²
///
/// - Precondition: the shapes are equal.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor) -> Tensor {
  require(
    prediction.shape == target.shape, "meanSquaredError: prediction \(prediction.shape), target \(target.shape)")
  return (prediction - target).squared().mean()
}
