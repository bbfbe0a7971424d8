import Archives
import Artifacts
import Platform
import Portraits
import StageKit

/// Writes RAF-DB basic's tree: zips of pictures and annotations, and the list of labels.
struct RAFDBWriter {
  let archive: SyntheticArchive
  private var settings: Settings { archive.settings }
  private var context: StageContext { archive.context }

  /// Rows are drawn in parallel a batch at a time, which bounds the memory they take.
  private static let batch = 64

  /// - Returns: The numbers of rows, for the artifact's record.
  func write() throws -> [String: Int] {
    let train = context.parameters.integer("train")
    let test = context.parameters.integer("test")
    guard train + test > 0 else {
      throw Fault(.usage, "train and test are both 0", remedy: "ask for at least one image")
    }
    let base = Files.join(context.output("archive"), "basic")
    for folder in ["Image", "Annotation", "EmoLabel"] {
      try Files.makeDirectories(Files.join(base, folder))
    }
    let trainRows = list(train, "train_", digits: 5, part: 1)
    let testRows = list(test, "test_", digits: 4, part: 2)
    // Zips are sorted by name; the list of labels names the training pictures first.
    try writePictures(testRows + trainRows, base)
    try writeLabels(trainRows + testRows, base)
    return ["train": train, "test": test]
  }

  private func list(_ count: Int, _ prefix: String, digits: Int, part: UInt64) -> [RAFDBRow] {
    var generator = SeededGenerator(seed: settings.seed, part)
    let expressions = labels(count, Counts.rafdb, balance: settings.balance, &generator)
    return expressions.enumerated().map { index, expression in
      RAFDBRow(
        stem: prefix + padded(index + 1, digits), expression: expression, part: part,
        number: UInt64(index + 1))
    }
  }

  private func writePictures(_ rows: [RAFDBRow], _ base: String) throws {
    let open = { (name: String, packing: ArchiveWriter.Packing) in
      try ArchiveWriter(Files.join(base, name), packing: packing)
    }
    let original = try open("Image/original.zip", .store)
    let aligned = try open("Image/aligned.zip", .store)
    let manual = try open("Annotation/manual.zip", .deflate)
    let automatic = try open("Annotation/auto.zip", .deflate)
    let boxes = try open("Annotation/boundingbox.zip", .deflate)
    let painter = RAFDBPainter(settings: settings)
    for start in stride(from: 0, to: rows.count, by: Self.batch) {
      try context.checkCancellation()
      let part = Array(rows[start..<min(rows.count, start + Self.batch)])
      let drawn = try Parallel.map(part.count, threads: context.threads) {
        try painter.draw(part[$0])
      }
      for (row, picture) in zip(part, drawn) {
        try original.add("original/\(row.stem).jpg", picture.original)
        try aligned.add("aligned/\(row.stem)_aligned.jpg", picture.aligned)
        try manual.add("manual/\(row.stem)_manu_attri.txt", text: picture.manual)
        try automatic.add("auto/\(row.stem)_auto_attri.txt", text: picture.automatic)
        try boxes.add("boundingbox/\(row.stem)_boundingbox.txt", text: picture.box)
        archive.expect(Self.truth(row, picture))
      }
      context.progress(start + part.count, of: rows.count, unit: "images")
    }
    for writer in [original, aligned, manual, automatic, boxes] { try writer.finish() }
  }

  private func writeLabels(_ rows: [RAFDBRow], _ base: String) throws {
    let codes = Dictionary(
      uniqueKeysWithValues: Counts.rafdb.enumerated().map { ($1.expression, $0 + 1) })
    let lines = rows.map { "\($0.stem).jpg \(codes[$0.expression] ?? 0)" }
    // Some copies spell the name right, have CRLF, and end without one.
    let text =
      settings.traps ? lines.joined(separator: "\r\n") : lines.map { $0 + "\n" }.joined()
    let name = settings.traps ? "list_partition_label.txt" : "list_patition_label.txt"
    try Files.write(text, to: Files.join(base, "EmoLabel/\(name)"))
  }

  private static func truth(_ row: RAFDBRow, _ picture: RAFDBPainter.Picture) -> JSONValue {
    func pairs(_ text: String, _ count: Int) -> JSONValue {
      .points(
        text.split(separator: "\n").prefix(count).map { line in
          let numbers = line.split { $0 == "\t" || $0 == " " }.compactMap { Double($0) }
          return (numbers[0], numbers[1])
        })
    }
    let codes = picture.manual.split(separator: "\n").suffix(3).compactMap { Int($0) }
    return [
      "id": .string(row.stem), "split": .string(row.part == 1 ? "train" : "test"),
      "label": .string(row.expression.rawValue), "points": pairs(picture.manual, 5),
      "auto_points": pairs(picture.automatic, 37),
      "box": JSONValue(picture.box.split(separator: " ").compactMap { Double($0) }),
      "attributes": [
        "gender": .string(["male", "female", "unsure"][codes[0]]),
        "race": .string(["caucasian", "african-american", "asian"][codes[1]]),
        "age": .string(["0-3", "4-19", "20-39", "40-69", "70+"][codes[2]]),
      ],
      "sha256": .string(Digest(hashing: picture.original).hex),
    ]
  }
}

/// One picture's place in the dataset.
struct RAFDBRow: Sendable {
  var stem: String
  var expression: Prototype
  /// The random stream: 1 for training, 2 for test; then the number within the part.
  var part: UInt64
  var number: UInt64
}
