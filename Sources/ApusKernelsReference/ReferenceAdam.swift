// The naive twin of one step of Adam (Kingma, Ba, arXiv:1412.6980), AdamW (Loshchilov, Hutter, arXiv:1711.05101) and
// AMSGrad (Reddi, Kale, Kumar, arXiv:1904.09237). Read next: ApusKernelsBaseline/Optimizers/Adam.swift, the kernel.

package import ApusKernelTypes

extension Reference {
  /// A parameter and its moments.
  package struct AdamState<T: ReferenceScalar> {
    /// The parameter w.
    package var parameter: [T]
    /// m, the running mean of the gradient.
    package var firstMoment: [T]
    /// v, the running mean of its square.
    package var secondMoment: [T]
    /// The largest v so far (AMSGrad); nil: not used.
    package var largestSecondMoment: [T]?

    /// Memberwise.
    package init(parameter: [T], firstMoment: [T], secondMoment: [T], largestSecondMoment: [T]? = nil) {
      (self.parameter, self.firstMoment, self.secondMoment) = (parameter, firstMoment, secondMoment)
      self.largestSecondMoment = largestSecondMoment
    }
  }

  /// m ← β₁m + (1−β₁)g, v ← β₂v + (1−β₂)g², w ← w − η · (m/c₁) / (√(v/c₂) + ε).
  ///
  /// The gradient g is scaled first. Weight decay λ joins the gradient (g + λw), or if it is decoupled (AdamW) the
  /// parameter: w·(1 − ηλ). With AMSGrad the largest v so far stands below the root.
  @specialized(where T == Double)
  package static func adamStep<T: ReferenceScalar>(_ state: inout AdamState<T>, gradient: [T], _ p: AdamArguments) {
    let (rate, decay) = (T(p.learningRate), T(p.weightDecay))
    let (beta1, beta2) = (T(p.beta1), T(p.beta2))
    for i in gradient.indices {
      var w = state.parameter[i]
      var g = gradient[i] * T(p.gradientScale)
      if p.isDecoupled { w *= 1 - rate * decay } else { g += decay * w }
      let m = beta1 * state.firstMoment[i] + (1 - beta1) * g
      let v = beta2 * state.secondMoment[i] + (1 - beta2) * g * g
      var second = v
      if let largest = state.largestSecondMoment {
        second = max(largest[i], v)
        state.largestSecondMoment?[i] = second
      }
      let root = (second / T(p.correction2)).squareRoot()
      state.parameter[i] = w - rate * (m / T(p.correction1)) / (root + T(p.epsilon))
      (state.firstMoment[i], state.secondMoment[i]) = (m, v)
    }
  }
}
