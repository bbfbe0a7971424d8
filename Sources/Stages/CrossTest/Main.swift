import Artifacts
import Methods
import Metrics
import Platform
import Samples
import StageKit
import Tensors

/// `ferry-cross-test`: a model on another dataset, under a named protocol.
@main struct CrossTest: Stage {
  static let contract = Contract(
    name: "cross-test", revision: 4,
    summary: "Test a model on another dataset than it was trained on, under a named protocol.",
    parameters: [
      ContractParameter(
        "protocol", .string, default: .null, nullable: true,
        help: "The protocol that the shards must hold, ckplus-636; null takes theirs."),
      ContractParameter(
        "classes", .choice(ClassRule.allCases.map(\.rawValue)), default: "exact",
        help: "exact: class lists that differ are an error. intersect: only rows of the classes "
          + "that both have count, and the model chooses among those."),
      ContractParameter(
        "resize", .boolean, default: false,
        help: "Take faces of another size than the model's and resize them."),
    ],
    inputs: [
      ContractPort("model", help: "The model."),
      ContractPort("shards", help: "Shards of another dataset, cut as the model's were."),
      ContractPort(
        "calibration", kind: "evaluation", optional: true,
        help: "The model's evaluation on its own dataset, whose temperature is reported here too."),
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
    let parameters = context.parameters
    let classifier = try Classifier(context.input("model"))
    let test = try ModelTest.acrossDatasets(
      classifier.description, ShardSet(context.input("shards")),
      protocolName: parameters.optionalString("protocol"),
      rule: ClassRule(rawValue: parameters.string("classes")) ?? .exact,
      allowsResizing: parameters.boolean("resize"))
    if let exclusion = test.exclusion { context.note(exclusion) }
    let evaluation = try test.run(classifier, calibration: try calibration(context)) {
      try context.checkCancellation()
      context.progress($0, of: $1, unit: "images")
    }
    try evaluation.write(to: context.output("evaluation"))
    try context.seal(
      "evaluation", rows: ["predictions": evaluation.samples.count], metadata: test.card.json)
    context.note(evaluation.summary)
  }

  /// The temperature that an evaluation of the same model found.
  ///
  /// - Throws: `Fault` where the evaluation is another model's.
  private static func calibration(_ context: StageContext) throws -> TemperatureScaling? {
    try context.optionalInput("calibration").map {
      try Evaluation.calibration(of: context.input("model"), in: $0)
    } ?? nil
  }
}
