/// One evaluation of `KnowledgeLoss`: tables of cosines, and the loss's gradient by each of them.
struct KnowledgeBatch {
  private let loss: KnowledgeLoss
  private let visual: VectorRows
  private let neutral: VectorRows
  private let text: ClassText
  private let targets: Targets
  /// The samples whose class is not neutral; M of them.
  private let emotional: [Int]
  private let neutralCosines: [Double]
  /// The cosines by single prompts, `[N, P]`.
  private let visualByPrompt: [Double]
  private let neutralByPrompt: [Double]
  /// Gradients by cos(v_i, t_k) and cos(n_i, t_k), `[N, K]` each.
  private var byVisualCosine: [Double]
  private var byNeutralCosine: [Double]
  /// The part of `byVisualCosine` that equation 5 gives.
  private var similarityByCosine: [Double]
  private var value = KnowledgeLoss.Value()

  init(
    loss: KnowledgeLoss, visual: VectorRows, neutral: VectorRows, text: ClassText,
    targets: Targets
  ) {
    self.loss = loss
    self.visual = visual
    self.neutral = neutral
    self.text = text
    self.targets = targets
    emotional = targets.labels.indices.filter { targets.labels[$0] != loss.neutralClass }
    visualByPrompt = visual.cosines(text.rows)
    neutralByPrompt = neutral.cosines(text.rows)
    value.cosines = text.pooled(visualByPrompt)
    neutralCosines = text.pooled(neutralByPrompt)
    byVisualCosine = [Double](repeating: 0, count: value.cosines.count)
    byNeutralCosine = byVisualCosine
    similarityByCosine = byVisualCosine
    value.visualGradient = [Double](repeating: 0, count: visual.values.count)
    value.neutralGradient = [Double](repeating: 0, count: neutral.values.count)
    value.textGradient = [Double](repeating: 0, count: text.rows.values.count)
  }

  private func cell(_ row: Int, _ column: Int) -> Int { row * text.classCount + column }

  /// Equation 5, with any target distribution.
  mutating func addSimilarity() {
    let temperature = loss.temperature
    let (mean, gradient) = LabelCrossEntropy.evaluate(
      logits: value.cosines.map { $0 / temperature }, targets: targets)
    value.similarity = mean
    similarityByCosine = gradient.map { loss.weights.similarity * $0 / temperature }
    for index in gradient.indices { byVisualCosine[index] += similarityByCosine[index] }
  }

  /// Equations 7 to 9: v - n should point from the neutral text to the sample's own.
  mutating func addTransformation() {
    guard let neutralClass = loss.neutralClass, !emotional.isEmpty else { return }
    let width = visual.width
    let centres = text.centres
    let factor = -loss.weights.transformation / Double(emotional.count)
    let textSteps = VectorRows(
      centres.indices.map { centres[$0] - centres[neutralClass * width + $0 % width] },
      width: width)
    let visualSteps = VectorRows(
      zip(visual.values, neutral.values).map { $0 - $1 }, width: width)
    var byVisualStep = [Double](repeating: 0, count: visual.values.count)
    var sum = 0.0
    for sample in emotional {
      let label = targets.labels[sample]
      let cosine = visualSteps.cosine(sample, textSteps, label)
      sum += 1 - cosine
      visualSteps.addCosineGradient(
        factor, cosine: cosine, row: sample, textSteps, label, to: &byVisualStep, at: sample)
    }
    value.transformation = sum / Double(emotional.count)
    for index in byVisualStep.indices {
      value.visualGradient[index] += byVisualStep[index]
      value.neutralGradient[index] -= byVisualStep[index]
    }
  }

  /// Equation 10 in the chosen reading.
  mutating func addSelfContrast() {
    guard !emotional.isEmpty else { return }
    switch loss.selfContrast {
    case .paired: addPaired()
    case .allPairs: addAllPairs()
    case .infonce: addContrastiveEntropy()
    }
  }

  private mutating func addPaired() {
    let share = 1 / Double(emotional.count)
    for sample in emotional {
      let index = cell(sample, targets.labels[sample])
      value.selfContrast += share * (neutralCosines[index] - value.cosines[index] + loss.margin)
      byNeutralCosine[index] += loss.weights.selfContrast * share
      byVisualCosine[index] -= loss.weights.selfContrast * share
    }
  }

  /// Anchors of one class are the same vector, so the M x M mean needs only their counts.
  private mutating func addAllPairs() {
    var anchors = [Double](repeating: 0, count: text.classCount)
    for sample in emotional { anchors[targets.labels[sample]] += 1 }
    let pairs = Double(emotional.count) * Double(emotional.count)
    for sample in emotional {
      for label in 0..<text.classCount where anchors[label] > 0 {
        let index = cell(sample, label)
        let share = anchors[label] / pairs
        value.selfContrast += share * (neutralCosines[index] - value.cosines[index] + loss.margin)
        byNeutralCosine[index] += loss.weights.selfContrast * share
        byVisualCosine[index] -= loss.weights.selfContrast * share
      }
    }
  }

  private mutating func addContrastiveEntropy() {
    let share = 1 / Double(emotional.count)
    for sample in emotional {
      let index = cell(sample, targets.labels[sample])
      let (entropy, slope) = LabelCrossEntropy.softplus(
        (neutralCosines[index] - value.cosines[index]) / loss.temperature)
      value.selfContrast += share * entropy
      let factor = loss.weights.selfContrast * share * slope / loss.temperature
      byNeutralCosine[index] += factor
      byVisualCosine[index] -= factor
    }
  }

  /// Carries the gradients by the cosines over to the vectors and sums the losses.
  mutating func finish() -> KnowledgeLoss.Value {
    let weights = loss.weights
    value.total =
      weights.similarity * value.similarity + weights.transformation * value.transformation
      + weights.selfContrast * value.selfContrast
    for sample in 0..<visual.count {
      for label in 0..<text.classCount {
        let index = cell(sample, label)
        if byVisualCosine[index] != 0 { propagateToVisual(sample, label) }
        if neutral.count > 0, byNeutralCosine[index] != 0 { propagateToNeutral(sample, label) }
      }
    }
    return value
  }

  private mutating func propagateToVisual(_ sample: Int, _ label: Int) {
    let index = cell(sample, label)
    for (prompt, share) in text.parts(of: label, sample, visualByPrompt) {
      let cosine = visualByPrompt[sample * text.rows.count + prompt]
      visual.addCosineGradient(
        share * byVisualCosine[index], cosine: cosine, row: sample, text.rows, prompt,
        to: &value.visualGradient, at: sample)
      text.rows.addCosineGradient(
        share * similarityByCosine[index], cosine: cosine, row: prompt, visual, sample,
        to: &value.textGradient, at: prompt)
    }
  }

  private mutating func propagateToNeutral(_ sample: Int, _ label: Int) {
    for (prompt, share) in text.parts(of: label, sample, neutralByPrompt) {
      neutral.addCosineGradient(
        share * byNeutralCosine[cell(sample, label)],
        cosine: neutralByPrompt[sample * text.rows.count + prompt], row: sample, text.rows, prompt,
        to: &value.neutralGradient, at: sample)
    }
  }
}
