import Artifacts
import Imaging
import Platform
import Portraits
import StageKit

/// Writes both releases of AffectNet.
struct AffectNetWriter {
  let archive: SyntheticArchive

  /// The expressions in the order of the dataset's labels 0 to 7.
  static let labels: [Prototype] = [
    .neutral, .happiness, .sadness, .surprise, .fear, .disgust, .anger, .contempt,
  ]

  static let header =
    "subDirectory_filePath,face_x,face_y,face_width,face_height,facial_landmarks,expression,"
    + "valence,arousal\n"

  /// A picture and the texts of its annotations.
  private struct Drawn: Sendable {
    var picture: [UInt8]
    var box: [Int]
    /// 68 pairs as written.
    var landmarks: [String]
    var valence: String
    var arousal: String
  }

  private var settings: Settings { archive.settings }

  private func counts() throws -> (train: Int, test: Int) {
    let parameters = archive.context.parameters
    return (parameters.integer("train"), parameters.integer("test"))
  }

  private static func draw(
    _ faces: SyntheticFaces, _ number: Int, _ expression: Prototype, _ side: Int, _ kind: String
  ) throws -> Drawn {
    let portrait = faces.draw(
      FaceJob(
        person: UInt64(number), take: 0, expression: expression, width: side, height: side))
    var generator = SeededGenerator(seed: faces.settings.seed, 14, UInt64(number))
    let box = portrait.landmarks.box
    return Drawn(
      picture: try encode(portrait.image, kind),
      box: [Int(box.x), Int(box.y), Int(box.z - box.x), Int(box.w - box.y)],
      landmarks: portrait.landmarks.points.flatMap { [$0.x.fixed(2), $0.y.fixed(2)] },
      valence: generator.uniform(-1, 1).fixed(4), arousal: generator.uniform(-1, 1).fixed(4))
  }

  private static func encode(_ image: Image, _ kind: String) throws -> [UInt8] {
    switch kind {
    case "png": try image.png(level: 1)
    case "bmp": StrayFormats.bmp(image)
    case "tif": StrayFormats.tiff(image)
    default: try image.jpeg(quality: 92)
    }
  }

  /// Eye centres, nose tip and mouth corners of the 68.
  private static func five(_ texts: [String]) -> JSONValue {
    let numbers = texts.map { Double($0) ?? 0 }
    func mean(_ range: ClosedRange<Int>) -> (Double, Double) {
      let count = Double(range.count)
      return (
        range.map { numbers[2 * $0] }.reduce(0, +) / count,
        range.map { numbers[2 * $0 + 1] }.reduce(0, +) / count
      )
    }
    let single = [30, 48, 54].map { (numbers[2 * $0], numbers[2 * $0 + 1]) }
    return .points([mean(36...41), mean(42...47)] + single)
  }

  /// The release of 2017: folders of pictures with long names, and two lists.
  func write2017() throws -> [String: Int] {
    let (train, test) = try counts()
    let kinds = settings.traps ? ["jpg", "JPG", "png", "bmp", "tif"] : ["jpg"]
    let side = settings.imageSize ?? 160
    let labels =
      archive.labels(train, Self.labels, stream: 1) + archive.labels(test, Self.labels, stream: 2)
    var lists = [Self.header, settings.traps ? "" : Self.header]
    let faces = archive.faces
    try archive.draw(train + test, unit: "images") { number in
      try Self.draw(faces, number, labels[number], side, kinds[number % kinds.count])
    } _: { number, drawn in
      let split = number < train ? 0 : 1
      let path =
        "\(number % 5 + 1)/\(Self.hash(settings.seed, number)).\(kinds[number % kinds.count])"
      try archive.add("Manually_Annotated_Images/\(path)", drawn.picture)
      let code = Self.labels.firstIndex(of: labels[number]) ?? 0
      lists[split] += Self.line(path, drawn, code)
      archive.expect(
        Self.truth(path, drawn, labels[number], split == 0 ? "train" : "test"))
    }
    if settings.traps { lists[0] += try traps(faces, side) }
    let folder = "Manually_Annotated_file_lists"
    try archive.add("\(folder)/training.csv", text: lists[0])
    try archive.add("\(folder)/validation.csv", text: lists[1])
    return ["train": train, "test": test]
  }

  private static func hash(_ seed: UInt64, _ number: Int) -> String {
    var generator = SeededGenerator(seed: seed, 15, UInt64(number))
    return (0..<56).map { _ in String(generator.below(16), radix: 16) }.joined()
  }

  private static func line(_ path: String, _ drawn: Drawn, _ code: Int, box: String? = nil)
    -> String
  {
    let numbers = box ?? drawn.box.map(String.init).joined(separator: ",")
    let points = drawn.landmarks.joined(separator: ";")
    return "\(path),\(numbers),\(points),\(code),\(drawn.valence),\(drawn.arousal)\n"
  }

  private static func truth(
    _ path: String, _ drawn: Drawn, _ label: Prototype, _ split: String, hasBox: Bool = true
  ) -> JSONValue {
    let b = drawn.box
    var row: JSONValue = [
      "id": .string(String(path.prefix { $0 != "." })), "split": .string(split),
      "label": .string(label.rawValue), "points": five(drawn.landmarks),
      "attributes": ["valence": .string(drawn.valence), "arousal": .string(drawn.arousal)],
      "sha256": .string(Digest(hashing: drawn.picture).hex),
    ]
    if hasBox { row["box"] = JSONValue([b[0], b[1], b[0] + b[2], b[1] + b[3]]) }
    return row
  }

  /// Rows that a reader must pass over or repair.
  private func traps(_ faces: SyntheticFaces, _ side: Int) throws -> String {
    var text = ""
    for (offset, box) in ["NULL,NULL,NULL,NULL", "12,9,-40,-40"].enumerated() {
      let drawn = try Self.draw(faces, 900_001 + offset, .happiness, side, "jpg")
      let path = "9/\(Self.hash(settings.seed, 900_001 + offset)).jpg"
      try archive.add("Manually_Annotated_Images/\(path)", drawn.picture)
      text += Self.line(path, drawn, 1, box: box)
      archive.expect(Self.truth(path, drawn, .happiness, "train", hasBox: false))
      // The same picture once more, with another label.
      if offset == 0 { text += Self.line(path, drawn, 6) }
    }
    let drawn = try Self.draw(faces, 900_003, .fear, side, "jpg")
    for code in 8...10 {
      let path = "9/other\(code).jpg"
      try archive.add("Manually_Annotated_Images/\(path)", drawn.picture)
      text += Self.line(path, drawn, code)
    }
    try archive.add(
      "Manually_Annotated_Images/9/cut.jpg", Array(drawn.picture.prefix(drawn.picture.count / 2)))
    return text + Self.line("9/cut.jpg", drawn, 4) + Self.line("9/gone.jpg", drawn, 4)
  }

  /// The release of 2021: crops by number, and a NumPy file for each annotation.
  func write2021() throws -> [String: Int] {
    let (train, test) = try counts()
    let side = settings.imageSize ?? 224
    let labels =
      archive.labels(train, Self.labels, stream: 1) + archive.labels(test, Self.labels, stream: 2)
    let faces = archive.faces
    let traps = settings.traps
    try archive.draw(train + test, unit: "images") { number in
      try Self.draw(faces, number, labels[number], side, "jpg")
    } _: { number, drawn in
      let set = number < train ? "train_set" : "val_set"
      let split = number < train ? "train" : "test"
      // Numbers have gaps: pictures were taken out.
      let id = number < train ? number * 3 / 2 : number - train
      try archive.add("\(set)/images/\(id).jpg", drawn.picture)
      let code = Self.labels.firstIndex(of: labels[number]) ?? 0
      // Scalars are strings, and in some copies numbers.
      let isNumber = traps && number % 2 == 1
      for (kind, word) in [("exp", String(code)), ("val", drawn.valence), ("aro", drawn.arousal)] {
        try archive.add(
          "\(set)/annotations/\(id)_\(kind).npy",
          isNumber ? NPY.number(Double(word) ?? 0) : NPY.text(word))
      }
      try archive.add("\(set)/annotations/\(id)_lnd.npy", NPY.texts(drawn.landmarks))
      archive.expect([
        "id": .string("\(split)/\(id)"), "split": .string(split),
        "label": .string(labels[number].rawValue), "points": Self.five(drawn.landmarks),
        "attributes": [
          "valence": .string((Double(drawn.valence) ?? 0).description),
          "arousal": .string((Double(drawn.arousal) ?? 0).description),
        ],
        "sha256": .string(Digest(hashing: drawn.picture).hex),
      ])
    }
    return ["train": train, "test": test]
  }
}
