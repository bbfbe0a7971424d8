import Archives
import Artifacts
import Platform
import Portraits
import StageKit

/// Writes CAER-S and the three layouts of users' own pictures.
struct FolderWriter {
  let archive: SyntheticArchive
  let format: String

  private struct Drawn: Sendable {
    var picture: [UInt8]
    /// Five points as written.
    var points: [String]
  }

  private var settings: Settings { archive.settings }

  static let folders: [(Prototype, String)] = [
    (.anger, "Anger"), (.disgust, "Disgust"), (.fear, "Fear"), (.happiness, "Happy"),
    (.neutral, "Neutral"), (.sadness, "Sad"), (.surprise, "Surprise"),
  ]

  func write() throws -> [String: Int] {
    let parameters = archive.context.parameters
    let (train, test) = (parameters.integer("train"), parameters.integer("test"))
    let shown = Self.folders.map(\.0)
    let labels =
      archive.labels(train, shown, stream: 1) + archive.labels(test, shown, stream: 2)
    let side = settings.imageSize ?? (format == "caer-s" ? 160 : 112)
    let isPNG = format == "caer-s"
    let faces = archive.faces
    var drawn: [(split: String, label: Prototype, drawn: Drawn)] = []
    try archive.draw(train + test, unit: "images") { number in
      let portrait = faces.draw(
        FaceJob(
          person: UInt64(number / 2), take: UInt64(number), expression: labels[number],
          width: side, height: side))
      return Drawn(
        picture: isPNG ? try portrait.image.png(level: 1) : try portrait.image.jpeg(quality: 92),
        points: portrait.landmarks.five.flatMap { [$0.x.fixed(3), $0.y.fixed(3)] })
    } _: { number, picture in
      drawn.append((number < train ? "train" : "test", labels[number], picture))
    }
    switch format {
    case "caer-s": try writeFolders(drawn, suffix: "png", root: "CAER-S/")
    case "image-folder": try writeFolders(drawn, suffix: "jpg", root: "")
    case "image-table": try writeTable(drawn)
    default: try writeShards(drawn)
    }
    return ["train": train, "test": test]
  }

  private typealias Rows = [(split: String, label: Prototype, drawn: Drawn)]

  private func expect(_ id: String, _ row: Rows.Element, _ more: [String: JSONValue] = [:]) {
    var truth: JSONValue = [
      "id": .string(id), "split": .string(row.split), "label": .string(row.label.rawValue),
      "sha256": .string(Digest(hashing: row.drawn.picture).hex),
    ]
    for (key, value) in more { truth[key] = value }
    archive.expect(truth)
  }

  private func writeFolders(_ rows: Rows, suffix: String, root: String) throws {
    var numbers: [String: Int] = [:]
    let words = Dictionary(uniqueKeysWithValues: Self.folders)
    for row in rows {
      let word = format == "caer-s" ? words[row.label] ?? "" : row.label.rawValue
      let folder = "\(row.split)/\(word)"
      numbers[folder, default: 0] += 1
      let id = "\(folder)/\(padded(numbers[folder] ?? 0, 4))"
      try archive.add("\(root)\(id).\(suffix)", row.drawn.picture)
      expect(id, row)
    }
    guard settings.traps else { return }
    try archive.add("\(root)train/.DS_Store", [0, 0, 0, 1])
    try archive.add("\(root)train/__MACOSX/._0001.\(suffix)", [0, 5, 22, 7])
  }

  private func writeTable(_ rows: Rows) throws {
    let end = settings.traps ? "\r\n" : "\n"
    var table = "path,label,subject,split,points" + end
    for (number, row) in rows.enumerated() {
      let name = "images/\(padded(number, 5)).jpg"
      let subject = "person \(number / 2), \(number % 3)"
      try archive.add(name, row.drawn.picture)
      let cells = [
        name, row.label.rawValue, "\"\(subject)\"", row.split,
        row.drawn.points.joined(separator: " "),
      ]
      table += cells.joined(separator: ",") + end
      let numbers = row.drawn.points.compactMap { Double($0) }
      expect(
        "images/\(padded(number, 5))", row,
        [
          "subject": .string(subject),
          "points": .points(
            stride(from: 0, to: 10, by: 2).map { (numbers[$0], numbers[$0 + 1]) }),
        ])
    }
    try archive.add("labels.csv", text: table)
  }

  private func writeShards(_ rows: Rows) throws {
    for split in ["train", "test"] {
      let name = "\(split)-000000.tar"
      let writer = try ArchiveWriter(Files.join(archive.base, name), format: .tar)
      for (number, row) in rows.enumerated() where row.split == split {
        let key = padded(number, 6)
        try writer.add("\(key).jpg", row.drawn.picture)
        // Labels are words in .cls, or a member of .json.
        if settings.traps, number % 2 == 1 {
          try writer.add("\(key).json", text: "{\"label\": \"\(row.label.rawValue)\"}")
        } else {
          try writer.add("\(key).cls", text: row.label.rawValue)
        }
        expect("\(name)/\(key)", row)
      }
      try writer.finish()
    }
  }
}
