import Artifacts
import Platform
import Portraits
import StageKit

/// Writes FER2013's table of pixels, and FERPlus' table of votes beside it.
struct FERWriter {
  let archive: SyntheticArchive

  /// The expressions in the order of FER2013's labels 0 to 6.
  static let labels: [Prototype] = [
    .anger, .disgust, .fear, .happiness, .sadness, .surprise, .neutral,
  ]
  /// The expressions in the order of FERPlus' first eight columns.
  static let columns: [Prototype] = [
    .neutral, .happiness, .surprise, .sadness, .anger, .disgust, .fear, .contempt,
  ]
  static let header =
    "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"

  private var settings: Settings { archive.settings }

  /// `train` rows for training, `test` for each of the two test sets.
  func write(withVotes: Bool) throws -> [String: Int] {
    let parameters = archive.context.parameters
    let (train, test) = (parameters.integer("train"), parameters.integer("test"))
    let usages =
      [String](repeating: "Training", count: train)
      + [String](repeating: "PublicTest", count: test)
      + [String](repeating: "PrivateTest", count: test)
    let shown = archive.labels(
      usages.count, withVotes ? Self.columns : Self.labels, stream: 1)
    let end = settings.traps ? "\r\n" : "\n"
    let quote = settings.traps ? "\"" : ""
    var table = "emotion,pixels,Usage" + end
    let faces = archive.faces
    try archive.draw(usages.count, unit: "images") { number in
      let portrait = faces.draw(
        FaceJob(
          person: UInt64(number), take: 0, expression: shown[number], width: 48, height: 48,
          isGrey: true))
      return portrait.image.pixels
    } _: { number, pixels in
      // FER2013 has no contempt: such a picture carries another label there.
      let code = Self.labels.firstIndex(of: shown[number]) ?? 4
      let text = pixels.map(String.init).joined(separator: " ")
      table += "\(code),\(quote)\(text)\(quote),\(usages[number])\(end)"
      if !withVotes {
        expect("fer2013_\(padded(number, 5))", usages[number], Self.labels[code], pixels)
      }
    }
    try archive.add("fer2013/fer2013.csv", text: table)
    if withVotes { try writeVotes(usages, shown) }
    return ["train": train, "validation": test, "test": test]
  }

  private func expect(_ id: String, _ usage: String, _ label: Prototype, _ pixels: [UInt8]) {
    archive.expect([
      "id": .string(id), "split": .string(Self.split(usage)), "label": .string(label.rawValue),
      "pixels": .string(Digest(hashing: pixels).hex),
    ])
  }

  private static func split(_ usage: String) -> String {
    usage == "Training" ? "train" : usage == "PublicTest" ? "validation" : "test"
  }

  /// Ten votes a picture: seven for what is shown, two for another column, one of noise. Some rows
  /// have no majority, some pictures were removed, and one row has nine votes.
  private func writeVotes(_ usages: [String], _ shown: [Prototype]) throws {
    var text = Self.header
    for (number, usage) in usages.enumerated() {
      let column = Self.columns.firstIndex(of: shown[number]) ?? 0
      var votes = [Int](repeating: 0, count: 10)
      let isRemoved = settings.traps && number % 11 == 5
      let isSplit = settings.traps && number % 11 == 7
      votes[column] += isSplit ? 4 : 7
      votes[(column + 3) % 8] += isSplit ? 5 : 2
      if !(settings.traps && number == 2) { votes[isSplit ? 8 : (column + 5) % 8] += 1 }
      let name = isRemoved ? "" : "fer\(padded(number, 7)).png"
      text += "\(usage),\(name),\(votes.map(String.init).joined(separator: ","))\n"
      // Of the split rows the second column has 5 of 9: a majority once the single vote is noise.
      let label = isSplit ? Self.columns[(column + 3) % 8] : shown[number]
      if isRemoved { continue }
      archive.expect([
        "id": .string("fer\(padded(number, 7))"), "split": .string(Self.split(usage)),
        "label": .string(label.rawValue),
        "column_votes": JSONValue(votes),
      ])
    }
    try archive.add("fer2013/fer2013new.csv", text: text)
  }
}
