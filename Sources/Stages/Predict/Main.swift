import Artifacts
import Imaging
import Methods
import Metrics
import Platform
import Samples
import StageKit
import Tensors

/// `ferry-predict`: the expressions in new photos.
@main struct Predict: Stage {
  static let contract = Contract(
    name: "predict", revision: 3,
    summary: "Find the faces in photos, align them as in training and classify them.",
    parameters: [
      ContractParameter(
        "accept_terms", .boolean, default: false,
        help: "Your use is one that the terms of the model's training data allow."),
      ContractParameter(
        "faces", .choice(["largest", "all", "given"]), default: "largest",
        help: "Which faces of a photo; given: the photos are cut and aligned faces already."),
      ContractParameter(
        "minimum_score", .number, default: 0.9, minimum: 0, maximum: 1,
        help: "Faces that the detector is less sure of are left out."),
      ContractParameter(
        "annotate", .boolean, default: false,
        help: "Write each photo with boxes and class names, as JPEG."),
    ],
    inputs: [
      ContractPort("model", help: "The model."),
      ContractPort("files", help: "A photo, or a folder of photos."),
      ContractPort(
        "weights", kind: "model", optional: true, help: "MTCNN's weights, for finding faces."),
      ContractPort(
        "calibration", kind: "evaluation", optional: true,
        help: "An evaluation of the model, whose temperature scales the confidence."),
    ],
    outputs: [ContractPort("predictions", help: "predictions.csv, and the rows as JSON.")])

  static let verbs: [any ParsableCommand.Type] = [WatchCommand.self]

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
    try Terms.check(classifier.description, accepted: parameters.boolean("accept_terms"))
    let finder = try FaceFinder(
      classifier.description.preprocessing, weights: context.optionalInput("weights"),
      asGiven: parameters.string("faces") == "given",
      minimumScore: parameters.number("minimum_score"),
      takesAll: parameters.string("faces") == "all", keepsPhoto: parameters.boolean("annotate"))
    let temperature = try context.optionalInput("calibration").map {
      try Evaluation.calibration(of: context.input("model"), in: $0)?.temperature ?? 1
    }
    let predictor = Predictor(
      classifier, finder, temperature: temperature ?? 1, threads: context.threads)
    let photos = try Photos.find(context.input("files"))
    var output = try PredictionFiles(context.output("predictions"), predictor.classes)
    for start in stride(from: 0, to: photos.count, by: Predictor.batch) {
      try context.checkCancellation()
      let part = photos[start..<min(start + Predictor.batch, photos.count)]
      let found = try predictor.predict(part.map(\.path), names: part.map(\.name))
      try output.add(found.photos, found.faces)
      context.progress(start + part.count, of: photos.count, unit: "photos")
    }
    try output.finish()
    try context.seal(
      "predictions", rows: ["predictions": output.count],
      metadata: [
        "classes": predictor.classes.json, "photos": .integer(photos.count),
        "without_face": .integer(output.rejected),
      ])
    context.note("\(output.count) faces in \(photos.count) photos, \(output.rejected) without")
  }
}

/// The uses that the terms of the model's training data allow.
enum Terms {
  /// - Throws: `Fault` that quotes the terms where they must be accepted by name.
  static func check(_ description: ModelDescription, accepted: Bool) throws {
    let parts = description.data["parts"]?.array ?? [description.data]
    for part in parts {
      let card = DatasetCard(json: part["dataset"] ?? .null)
      guard card.needsAcceptance, !card.isSynthesized, !accepted else { continue }
      throw Fault(
        .usage, "the model was trained on \(card.title), whose terms bind its use: \(card.terms)",
        remedy: "set accept_terms=true where your use is one that they allow")
    }
  }
}

/// The files of a predictions artifact.
struct PredictionFiles {
  private let directory: String
  private let classes: ClassList
  private let index: RowCollectionWriter
  private var csv: String
  private var rejects = CSV.line(["source", "reason"])
  private(set) var count = 0
  private(set) var rejected = 0

  init(_ directory: String, _ classes: ClassList) throws {
    self.directory = directory
    self.classes = classes
    index = try RowCollectionWriter(directory)
    csv = CSV.line(PredictionRow.columns(classes))
  }

  mutating func add(_ photos: [PhotoFaces], _ faces: [PredictedFace]) throws {
    for face in faces {
      let row = PredictionRow(face: face, classes: classes)
      try index.append(row.json)
      csv += CSV.line(row.cells)
      count += 1
    }
    for photo in photos {
      if photo.faces.isEmpty {
        rejects += CSV.line([photo.source, photo.reason])
        rejected += 1
      }
      if let image = photo.image {
        try annotate(image, photo.source, faces.filter { $0.source == photo.source })
      }
    }
  }

  private func annotate(_ image: Image, _ source: String, _ faces: [PredictedFace]) throws {
    var annotation = Annotation(image)
    for face in faces {
      let share = (Double(face.probabilities[face.best]) * 100).fixed(0)
      annotation.mark(face.face.box, "\(classes[face.best]) \(share)%")
    }
    let path = Files.join(directory, "annotated/\(source).jpg")
    try Files.makeDirectories(Files.parent(of: path))
    try Files.write(try annotation.image.jpeg(quality: 90), to: path)
  }

  func finish() throws {
    try index.finish()
    try Files.write(csv, to: Files.join(directory, Evaluation.predictionsName))
    try Files.write(rejects, to: Files.join(directory, "rejects.csv"))
  }
}
