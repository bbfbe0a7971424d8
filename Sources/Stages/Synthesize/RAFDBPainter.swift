import Faces
import Imaging
import Platform
import Portraits

/// Draws one RAF-DB picture and writes its annotations.
struct RAFDBPainter: Sendable {
  let settings: Settings

  /// One picture, encoded, with the text of its annotations.
  struct Picture: Sendable {
    var original: [UInt8]
    var aligned: [UInt8]
    var manual: String
    var automatic: String
    var box: String
  }

  func draw(_ row: RAFDBRow) throws -> Picture {
    var generator = SeededGenerator(seed: settings.seed, row.part, row.number)
    let identity = Identity(from: &generator)
    let units = ActionUnits(
      row.expression, intensity: settings.intensity, stray: 0.12 * settings.nuisance,
      from: &generator)
    let conditions = Conditions(
      settings.look ?? .wild, strength: settings.nuisance, from: &generator)
    let framing = frame(&generator)
    let portrait = PortraitRenderer().render(identity, units, conditions, framing, channels: 3)
    let aligned = try alignedCrop(portrait)
    return Picture(
      original: try portrait.image.jpeg(quality: conditions.quality),
      aligned: try aligned.jpeg(quality: 95),
      manual: manual(portrait.landmarks, identity),
      automatic: Self.automaticPoints.map { line(portrait.landmarks.points[$0]) }.joined(),
      box: box(portrait))
  }

  /// Pictures differ in size, the face in its share of them and in its place.
  private func frame(_ generator: inout SeededGenerator) -> Framing {
    let typical = Double(settings.imageSize ?? 180)
    let height = Int(typical * generator.uniform(0.8, 1.25))
    let width = Int(Double(height) * generator.uniform(0.8, 1.25))
    let looseness = Double(min(1, settings.nuisance))
    // A head is 3.2 units high and 2.2 wide.
    let fill = generator.uniform(0.84 - 0.24 * looseness, 0.84 + 0.02 * looseness)
    let scale = min(Double(height) * fill / 3.2, Double(width) * fill / 2.2)
    let spareX = max(0, Double(width) - 2.2 * scale) * 0.35 * looseness
    let spareY = max(0, Double(height) - 3.2 * scale) * 0.35 * looseness
    let x = 0.5 * Double(width) + generator.uniform(-spareX, spareX)
    let y = 0.5 * Double(height) + 0.17 * scale + generator.uniform(-spareY, spareY)
    return Framing(
      width: width, height: height, scale: Float(scale), centre: Vector2(Float(x), Float(y)))
  }

  /// RAF-DB's aligned pictures: the five points brought to a template by a similarity.
  private func alignedCrop(_ portrait: Portrait) throws -> Image {
    let points = portrait.landmarks.five.map { Point(Double($0.x), Double($0.y)) }
    return try FaceCutter(size: 100).align(portrait.image, by: FivePoints(points)).image
  }
}

extension RAFDBPainter {
  /// Which of the 68 points stand for the 37 of the automatic annotation: brows, nose, eyes, lips.
  private static let automaticPoints =
    Array(17...26) + [27, 28, 29, 30, 31, 33, 35] + Array(36...47)
    + [48, 50, 51, 52, 54, 56, 57, 58]

  private func line(_ p: Vector2) -> String { "\(p.x.fixed(3))\t\(p.y.fixed(3))\n" }

  private func manual(_ landmarks: Landmarks, _ identity: Identity) -> String {
    // Points are parted by tabs in most files and by spaces in some.
    let points = landmarks.five.map(line).joined()
    let isSpaced = settings.traps && identity.gender == 1
    return (isSpaced ? String(points.map { $0 == "\t" ? " " : $0 }) : points)
      + "\(identity.gender)\n\(identity.group)\n\(identity.ageBand)\n"
  }

  private func box(_ portrait: Portrait) -> String {
    let box = portrait.landmarks.box
    let limits = (Float(portrait.image.width), Float(portrait.image.height))
    let x0 = max(0, box.x)
    let y0 = max(0, box.y)
    let x1 = min(limits.0, box.z)
    let y1 = min(limits.1, box.w)
    return "\(x0.fixed(3)) \(y0.fixed(3)) \(x1.fixed(3)) \(y1.fixed(3)) \n"
  }
}
