import Artifacts
import Imaging
import Platform
import Samples

/// What alignment made of one picture, without what its sample says otherwise.
struct Alignment: Sendable {
  enum Kind: String, Sendable, CaseIterable {
    case aligned = "landmarks"
    case detected = "mtcnn"
    case central = "central-square"
    case keptResized = "keep-resized"
    case withoutLandmarks = "without-landmarks"
    case withoutFace = "no-face"
    case lowScore = "low-score"
    case tinyFace = "tiny-face"
    case outOfFrame = "out-of-frame"
    case unusableLandmarks = "unusable-landmarks"
    case unreadableImage = "unreadable-image"

    /// Whether a face came out as wished.
    var isWished: Bool { [.aligned, .detected, .central].contains(self) }
  }

  /// One crop and where it comes from.
  struct Face: Sendable {
    var box: [Double]?
    var landmarks: [PicturePoint]?
    var score: Double?
    var facesFound: Int?
    var policy: String
    var transform: AffineTransform
    var bytes: [UInt8]
  }

  var kind: Kind
  var faces: [Face] = []
  /// Why no face came out, or not as wished.
  var reason = ""
  /// What else is counted: `several-faces`, `partly-outside`, what `keep-resized` stands for.
  var details: [String] = []
}

extension Alignment {
  /// The record that `--reuse` keeps: one line of JSON, then the pictures.
  var record: [UInt8] {
    let faces = faces.map { face -> JSONValue in
      var json: [String: JSONValue] = [
        "policy": .string(face.policy), "size": .integer(face.bytes.count),
        "transform": JSONValue(face.transform.entries),
      ]
      if let box = face.box { json["box"] = JSONValue(box) }
      if let points = face.landmarks {
        json["landmarks"] = JSONValue(points.flatMap { [$0.x, $0.y] })
      }
      if let score = face.score { json["score"] = .number(score) }
      if let found = face.facesFound { json["faces_found"] = .integer(found) }
      return .object(json)
    }
    let line: JSONValue = [
      "kind": .string(kind.rawValue), "reason": .string(reason), "details": JSONValue(details),
      "faces": .array(faces),
    ]
    return line.canonicalBytes + [UInt8(ascii: "\n")] + self.faces.flatMap(\.bytes)
  }

  /// Reads a record back; nil where it is none.
  init?(record: [UInt8]) {
    guard let end = record.firstIndex(of: UInt8(ascii: "\n")),
      let json = try? JSONValue.parse(Array(record[..<end])),
      let kind = Kind(rawValue: json["kind"]?.string ?? ""), let reason = json["reason"]?.string,
      let details = json["details"]?.strings, let faces = json["faces"]?.array
    else { return nil }
    self.init(kind: kind, reason: reason, details: details)
    var position = end + 1
    for face in faces {
      guard let policy = face["policy"]?.string, let size = face["size"]?.integer, size >= 0,
        let map = face["transform"]?.numbers, map.count == 6, size <= record.count - position
      else { return nil }
      let points = face["landmarks"]?.numbers
      self.faces.append(
        Face(
          box: face["box"]?.numbers,
          landmarks: points.map { points in
            (0..<points.count / 2).map { PicturePoint(points[2 * $0], points[2 * $0 + 1]) }
          }, score: face["score"]?.number, facesFound: face["faces_found"]?.integer,
          policy: policy,
          transform: AffineTransform(
            a: map[0], b: map[1], c: map[3], d: map[4], tx: map[2], ty: map[5]),
          bytes: Array(record[position..<position + size])))
      position += size
    }
    guard position == record.count else { return nil }
  }
}

/// The folder of `--reuse`: alignments by picture, annotation, parameters and revision.
///
/// A file starts with the digest of the rest, so what a kill left half-written counts as absent.
struct AlignmentCache: Sendable {
  let directory: String
  /// The digest of everything but the sample.
  let settings: Digest

  func path(_ picture: Digest, annotation: JSONValue) throws -> String {
    let key = Digest(
      hashing: "\(settings.hex) \(picture.hex) \(annotation.canonical)"
    ).hex
    let folder = Files.join(directory, String(key.prefix(2)))
    try Files.makeDirectories(folder)
    return Files.join(folder, key)
  }

  func read(_ path: String) -> Alignment? {
    guard Files.exists(path), let bytes = try? Files.read(path), bytes.count > 32,
      Digest(hashing: bytes[32...]).bytes == Array(bytes[..<32])
    else { return nil }
    return Alignment(record: Array(bytes[32...]))
  }

  func write(_ alignment: Alignment, to path: String) throws {
    let record = alignment.record
    let temporary = "\(path).\(Files.temporaryNumber())"
    try Files.write(Digest(hashing: record).bytes + record, to: temporary)
    try Files.rename(temporary, to: path)
  }
}
