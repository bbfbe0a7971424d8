import Imaging
import Platform
import Portraits

/// The content of one picture.
struct FaceJob: Sendable {
  /// The random streams: one for the person, one for the take.
  var person: UInt64
  var take: UInt64
  var expression: Prototype
  var width: Int
  var height: Int
  var isGrey = false
  /// How far the expression has come, 0 to 1, and the frame's number.
  var progress: Float = 1
  var frame = 0
}

/// Draws faces that fill their pictures as crops do.
struct SyntheticFaces: Sendable {
  let settings: Settings

  func draw(_ job: FaceJob) -> Portrait {
    var person = SeededGenerator(seed: settings.seed, 11, job.person)
    let identity = Identity(from: &person)
    var take = SeededGenerator(seed: settings.seed, 12, job.person, job.take)
    let apex = ActionUnits(
      job.expression, intensity: settings.intensity, stray: 0.12 * settings.nuisance, from: &take)
    var conditions = Conditions(
      settings.look ?? .wild, strength: settings.nuisance, from: &take)
    conditions.isGrey = job.isGrey
    conditions.reseedNoise(UInt32(job.frame))
    let scale = min(Float(job.width) / 2.6, Float(job.height) / 3.6)
    let framing = Framing(
      width: job.width, height: job.height, scale: scale,
      centre: Vector2(Float(job.width) / 2, Float(job.height) / 2 + 0.17 * scale))
    return PortraitRenderer().render(
      identity, apex.scaled(by: job.progress), conditions, framing, channels: job.isGrey ? 1 : 3)
  }
}

/// Encodings that some datasets mix in among their JPEGs, plain and uncompressed.
enum StrayFormats {
  /// A 24-bit BMP, rows from the bottom up.
  static func bmp(_ image: Image) -> [UInt8] {
    let picture = image.rgb()
    let stride = (picture.width * 3 + 3) / 4 * 4
    let size = stride * picture.height
    var bytes = Array("BM".utf8) + little(54 + size, 4) + little(0, 4) + little(54, 4)
    bytes += little(40, 4) + little(picture.width, 4) + little(picture.height, 4)
    bytes += little(1, 2) + little(24, 2) + little(0, 4) + little(size, 4)
    bytes += [UInt8](repeating: 0, count: 16)
    for y in (0..<picture.height).reversed() {
      for x in 0..<picture.width {
        for c in [2, 1, 0] { bytes.append(picture[x, y, c]) }
      }
      bytes += [UInt8](repeating: 0, count: stride - picture.width * 3)
    }
    return bytes
  }

  /// A little-endian RGB TIFF of one strip.
  static func tiff(_ image: Image) -> [UInt8] {
    let picture = image.rgb()
    let pixels = picture.pixels
    let depths = 8 + pixels.count + pixels.count % 2
    let directory = depths + 6
    var bytes = Array("II".utf8) + little(42, 2) + little(directory, 4) + pixels
    if pixels.count % 2 == 1 { bytes.append(0) }
    bytes += little(8, 2) + little(8, 2) + little(8, 2)
    // Tag, type (3: 16 bits, 4: 32 bits), count, value.
    let entries: [(Int, Int, Int, Int)] = [
      (256, 4, 1, picture.width), (257, 4, 1, picture.height), (258, 3, 3, depths), (259, 3, 1, 1),
      (262, 3, 1, 2), (273, 4, 1, 8), (277, 3, 1, 3), (278, 4, 1, picture.height),
      (279, 4, 1, pixels.count),
    ]
    bytes += little(entries.count, 2)
    for (tag, type, count, value) in entries {
      bytes += little(tag, 2) + little(type, 2) + little(count, 4) + little(value, 4)
    }
    return bytes + little(0, 4)
  }

  static func little(_ value: Int, _ width: Int) -> [UInt8] {
    (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }
}

/// NumPy's format, version 1, of scalars and rows of text or doubles.
enum NPY {
  /// A zero-dimensional array of one Unicode string, which is how the release of 2021 stores numbers.
  static func text(_ word: String) -> [UInt8] {
    header("<U\(word.utf8.count)", "()") + unicode(word, word.utf8.count)
  }

  static func texts(_ words: [String]) -> [UInt8] {
    let width = words.map(\.utf8.count).max() ?? 1
    return header("<U\(width)", "(\(words.count),)") + words.flatMap { unicode($0, width) }
  }

  static func number(_ value: Double) -> [UInt8] {
    header("<f8", "()") + StrayFormats.little(Int(bitPattern: UInt(value.bitPattern)), 8)
  }

  private static func unicode(_ word: String, _ width: Int) -> [UInt8] {
    let letters = word.utf8.flatMap { [$0, 0, 0, 0] as [UInt8] }
    return letters + [UInt8](repeating: 0, count: 4 * (width - word.utf8.count))
  }

  private static func header(_ type: String, _ shape: String) -> [UInt8] {
    var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(shape), }"
    text += String(repeating: " ", count: (64 - (text.utf8.count + 11) % 64) % 64) + "\n"
    return [0x93] + Array("NUMPY".utf8) + [1, 0] + StrayFormats.little(text.utf8.count, 2)
      + Array(text.utf8)
  }
}
