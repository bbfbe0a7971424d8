import Artifacts
import Methods
import Platform
import Samples
import StageKit
import Tensors

/// `ferry-evaluate`: a model on its own dataset's test rows.
@main struct Evaluate: Stage {
  static let contract = Contract(
    name: "evaluate", revision: 4,
    summary: "Test a model on the test rows of the dataset it was trained on.",
    parameters: [
      ContractParameter(
        "resize", .boolean, default: false,
        help: "Take faces of another size than the model's and resize them."),
      ContractParameter(
        "calibrate", .boolean, default: true,
        help: "Fit a temperature on the shards' validation rows and report the scores with it."),
    ],
    inputs: [
      ContractPort("model", help: "The model."),
      ContractPort("shards", help: "Shards of the same dataset, protocol and fold."),
    ],
    outputs: [ContractPort("evaluation", help: "metrics.json and predictions.csv.")])

  static func examination() -> [StageFinding] {
    [
      .kernels(
        MatrixKernels.summary, library: MatrixKernels.library,
        problem: MatrixKernels.current.problem)
    ]
  }

  static func run(_ context: StageContext) throws {
    ThreadPool.threads = context.threads
    let classifier = try Classifier(context.input("model"))
    let test = try ModelTest.inDomain(
      classifier.description, ShardSet(context.input("shards")),
      allowsResizing: context.parameters.boolean("resize"))
    let calibration =
      context.parameters.boolean("calibrate")
      ? try test.calibration(classifier) { _, _ in try context.checkCancellation() } : nil
    let evaluation = try test.run(classifier, calibration: calibration) {
      try context.checkCancellation()
      context.progress($0, of: $1, unit: "images")
    }
    try evaluation.write(to: context.output("evaluation"))
    try context.seal(
      "evaluation", rows: ["predictions": evaluation.samples.count], metadata: test.card.json)
    context.note(evaluation.summary)
  }
}
