import Archives
import Artifacts
import Imaging
import Platform
import Portraits
import StageKit

/// Writes CK+'s trees: a zip each of frames, emotion labels, landmarks and action units.
struct CKPlusWriter {
  let archive: SyntheticArchive
  private var settings: Settings { archive.settings }
  private var context: StageContext { archive.context }

  /// Sequences drawn at once, which bounds the memory they take.
  private static let batch = 8

  private struct Zips {
    var images: ArchiveWriter
    var emotions: ArchiveWriter
    var landmarks: ArchiveWriter
    var units: ArchiveWriter
    var all: [ArchiveWriter] { [images, emotions, landmarks, units] }
  }

  /// - Returns: The numbers of rows, for the artifact's record.
  func write() throws -> [String: Int] {
    let parameters = context.parameters
    let frames = parameters.optionalInteger("frames") ?? 4
    let count = parameters.integer("sequences")
    let plan = CKPlusPlan(
      seed: settings.seed, subjects: min(count, parameters.integer("subjects")), sequences: count,
      labelled: parameters.number("labelled"), balance: settings.balance,
      width: settings.imageSize ?? 640)
    let base = context.output("archive")
    let open = { (name: String, packing: ArchiveWriter.Packing) in
      try ArchiveWriter(Files.join(base, name + ".zip"), packing: packing)
    }
    let zips = Zips(
      images: try open("cohn-kanade-images", .store), emotions: try open("Emotion", .deflate),
      landmarks: try open("Landmarks", .deflate), units: try open("FACS", .deflate))
    try addTraces(to: zips)
    try addSequences(plan.sequences, frames, to: zips)
    for writer in zips.all { try writer.finish() }
    return [
      "sequences": plan.sequences.count, "subjects": plan.subjects,
      "labelled": plan.sequences.filter { $0.expression != nil }.count,
      "frames": plan.sequences.count * frames,
    ]
  }

  /// What the Finder leaves in archives; readers must pass over it.
  private func addTraces(to zips: Zips) throws {
    let store = [UInt8]([0, 0, 0, 1]) + Array("Bud1".utf8) + [UInt8](repeating: 0, count: 24)
    let fork = [0, 5, 22, 7, 0, 2, 0, 0] + Array("Mac OS X        ".utf8)
    try zips.images.add("__MACOSX/cohn-kanade-images/._.DS_Store", fork)
    try zips.images.add("cohn-kanade-images/.DS_Store", store)
    try zips.emotions.add("Emotion/.DS_Store", store)
    try zips.emotions.add("__MACOSX/Emotion/._.DS_Store", fork)
  }

  private func addSequences(
    _ sequences: [CKPlusSequence], _ frames: Int, to zips: Zips
  ) throws {
    let painter = CKPlusPainter(settings: settings, frames: frames)
    for start in stride(from: 0, to: sequences.count, by: Self.batch) {
      try context.checkCancellation()
      let part = Array(sequences[start..<min(sequences.count, start + Self.batch)])
      let drawn = try Parallel.map(part.count * frames, threads: context.threads) {
        try painter.draw(part[$0 / frames], frame: $0 % frames)
      }
      for (index, sequence) in part.enumerated() {
        try add(sequence, Array(drawn[index * frames..<(index + 1) * frames]), to: zips)
      }
      let done = (start + part.count) * frames
      context.progress(done, of: sequences.count * frames, unit: "frames")
    }
  }

  private func add(
    _ sequence: CKPlusSequence, _ frames: [CKPlusPainter.Frame], to zips: Zips
  ) throws {
    let folder = sequence.folder
    for (index, frame) in frames.enumerated() {
      let stem = sequence.stem(index)
      try zips.images.add("cohn-kanade-images/\(folder)/\(stem).png", frame.image)
      try zips.landmarks.add("Landmarks/\(folder)/\(stem)_landmarks.txt", text: frame.landmarks)
    }
    let apex = sequence.stem(frames.count - 1)
    try zips.units.add("FACS/\(folder)/\(apex)_facs.txt", text: frames[frames.count - 1].units)
    let codes = Dictionary(
      uniqueKeysWithValues: Counts.ckplus.enumerated().map { ($1.expression, $0 + 1) })
    if let expression = sequence.expression {
      let text = "   \(scientific(Double(codes[expression] ?? 0)))\n"
      try zips.emotions.add("Emotion/\(folder)/\(apex)_emotion.txt", text: text)
      expect(sequence, 0, "neutral", frames[0])
      expect(sequence, frames.count - 1, expression.rawValue, frames[frames.count - 1])
    } else if sequence.hasEmptyFolder {
      try zips.emotions.addFolder("Emotion/\(folder)")
    }
  }
}

extension CKPlusWriter {
  /// What the protocol of first and last frames finds.
  private func expect(
    _ sequence: CKPlusSequence, _ number: Int, _ label: String, _ frame: CKPlusPainter.Frame
  ) {
    func numbers(_ text: String) -> [[Double]] {
      text.split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }
    }
    let stem = sequence.stem(number)
    var attributes: JSONValue = ["sequence": .string(String(stem.prefix(8)))]
    if label != "neutral" {
      let units = numbers(frame.units).map { "\(Int($0[0])):\(Int($0[1]))" }
      attributes["action_units"] = .string(units.joined(separator: " "))
    }
    archive.expect([
      "id": .string(stem), "split": "all", "label": .string(label),
      "subject": .string(String(stem.prefix(4))), "attributes": attributes,
      "points": .points(numbers(frame.landmarks).map { ($0[0], $0[1]) }),
      "sha256": .string(Digest(hashing: frame.image).hex),
    ])
  }
}

/// Draws one frame of a sequence and writes its annotations.
struct CKPlusPainter: Sendable {
  let settings: Settings
  let frames: Int

  struct Frame: Sendable {
    var image: [UInt8]
    var landmarks: String
    var units: String
  }

  func draw(_ sequence: CKPlusSequence, frame: Int) throws -> Frame {
    let subject = UInt64(sequence.subject)
    var person = SeededGenerator(seed: settings.seed, 4, subject)
    let identity = Identity(from: &person)
    var take = SeededGenerator(seed: settings.seed, 5, subject, UInt64(sequence.number))
    let apex = ActionUnits(
      sequence.shown, intensity: settings.intensity, stray: 0.1 * settings.nuisance, from: &take)
    var conditions = Conditions(
      settings.look ?? .laboratory, strength: settings.nuisance, from: &take)
    conditions.isGrey = !sequence.isColour
    let framing = self.framing(sequence, &take)
    move(&conditions, frame, &take)
    // The onset is slow at both ends.
    let t = Float(frame) / Float(frames - 1)
    let units = apex.scaled(by: t * t * (3 - 2 * t))
    let portrait = PortraitRenderer().render(
      identity, units, conditions, framing, channels: sequence.isColour ? 3 : 1)
    return Frame(
      image: try portrait.image.png(level: 1), landmarks: points(portrait.landmarks),
      units: coding(apex))
  }

  private func framing(
    _ sequence: CKPlusSequence, _ generator: inout SeededGenerator
  ) -> Framing {
    let unit = Double(sequence.width) / 640
    let scale = generator.uniform(98, 114) * unit
    let x = (320 + generator.uniform(-22, 22)) * unit
    let y = (Double(sequence.height) / unit / 2 + 12 + generator.uniform(-14, 14)) * unit
    return Framing(
      width: sequence.width, height: sequence.height, scale: Float(scale),
      centre: Vector2(Float(x), Float(y)))
  }

  /// The head sways a little from frame to frame, and the sensor's noise is new in each.
  private func move(
    _ conditions: inout Conditions, _ frame: Int, _ generator: inout SeededGenerator
  ) {
    let sway = Float(frame) / Float(frames - 1) * settings.nuisance
    conditions.pose.yaw += Float(generator.uniform(-0.02, 0.02)) * sway
    conditions.pose.pitch += Float(generator.uniform(-0.02, 0.02)) * sway
    conditions.reseedNoise(UInt32(frame))
  }

  private func points(_ landmarks: Landmarks) -> String {
    landmarks.points.map { "   \(scientific(Double($0.x)))   \(scientific(Double($0.y)))\n" }
      .joined()
  }

  /// Action units and their intensities on the scale 1...5 (A to E).
  private func coding(_ units: ActionUnits) -> String {
    units.active(above: 0.2).map { unit in
      let level = Double(min(5, 1 + Int(units[unit] * 5)))
      return "   \(scientific(Double(unit.number)))   \(scientific(level))\n"
    }.joined()
  }
}
