import Artifacts
import Expressions
import Faces
import Imaging
import Platform

/// What became of one sample.
struct FaceOutcome: Sendable {
  enum Kind: String, Sendable {
    case aligned = "landmarks"
    case central = "central-square"
    case keptResized = "keep-resized"
    case withoutLandmarks = "without-landmarks"
    case unusableLandmarks = "unusable-landmarks"
    case unreadableImage = "unreadable-image"
  }
  var kind: Kind
  var source: String
  /// The row and the encoded picture, where a face came out.
  var face: (row: JSONValue, bytes: [UInt8])?
  /// Why none came out, or not as wished.
  var reason = ""
}

/// Turns samples into faces, one at a time, from any thread.
struct FaceWorker: Sendable {
  /// Where the samples lie, for messages.
  let directory: String
  let reader: RowCollectionReader
  let settings: AlignmentSettings

  /// - Throws: `Fault` for a damaged row, and for missing landmarks where the policy says so.
  func face(_ index: Int) throws -> FaceOutcome {
    let here = Fault.Place(
      Files.join(directory, RowCollection.indexName), line: index + 1)
    let sample = try SampleRow(json: reader.rows[index], at: here)
    if settings.detector == .landmarks, sample.points == nil, settings.policy != .keepResized {
      return try withoutLandmarks(sample, at: here)
    }
    let image: Image
    do {
      image = try reader.withPayload(index) { bytes in
        guard let bytes else { throw Fault(.badInput, "the row has no picture") }
        return try Image.decode(bytes, name: sample.source, as: .asStored)
      }
    } catch let fault as Fault where fault.code == .badInput {
      return FaceOutcome(kind: .unreadableImage, source: sample.source, reason: fault.brief)
    }
    return try cut(image, sample, row: reader.rows[index])
  }

  private func withoutLandmarks(_ sample: SampleRow, at here: Fault.Place) throws -> FaceOutcome {
    guard settings.policy == .drop else {
      throw Fault(
        .badInput, "the sample '\(sample.id)' has no landmarks", at: here,
        remedy: "set detector=none, or policy=drop or keep-resized")
    }
    return FaceOutcome(
      kind: .withoutLandmarks, source: sample.source, reason: "the sample has no landmarks")
  }

  private func cut(_ image: Image, _ sample: SampleRow, row: JSONValue) throws -> FaceOutcome {
    var face = FaceRow(sample: sample, policy: "")
    var kind: FaceOutcome.Kind
    let cut: FaceCutter.Cut
    if settings.detector == .landmarks, let given = sample.points {
      do {
        let points = try FivePoints(given.map { Point($0.x, $0.y) })
        cut = try settings.cutter.align(image, by: points)
        face.landmarks = points.all.map { PicturePoint($0.x, $0.y) }
        face.sample.box = sample.box ?? bounds(given)
        face.facesFound = 1
        kind = .aligned
      } catch let fault as Fault where fault.code == .badInput {
        return FaceOutcome(kind: .unusableLandmarks, source: sample.source, reason: fault.brief)
      }
    } else {
      cut = settings.cutter.centre(image, side: settings.crop)
      kind = settings.detector == .landmarks ? .keptResized : .central
      if kind == .keptResized { face.facesFound = 0 }
    }
    face.policy = kind.rawValue
    let map = cut.transform
    face.transform = [[map.a, map.b, map.tx], [map.c, map.d, map.ty]]
    // Members of the sample that this release does not know are carried on.
    let members = (row.object ?? [:]).merging(face.json.object ?? [:]) { $1 }
    return FaceOutcome(
      kind: kind, source: sample.source,
      face: (.object(members), try settings.encode(cut.image)),
      reason: kind == .keptResized ? "the sample has no landmarks" : "")
  }

  private func bounds(_ points: [PicturePoint]) -> [Double] {
    let (x, y) = (points.map(\.x), points.map(\.y))
    return [x.min() ?? 0, y.min() ?? 0, x.max() ?? 0, y.max() ?? 0]
  }
}

extension Fault {
  /// The message and its cause, without place and remedy.
  fileprivate var brief: String { message + (cause.map { " (\($0))" } ?? "") }
}

/// Counts what became of the samples and lists those that did not go as wished.
struct AlignmentTally {
  private(set) var counts: [String: Int] = [:]
  private(set) var csv = CSV.line(["kind", "place", "reason", "action"])
  private var faces = 0
  private var first: (place: String, reason: String)?

  mutating func note(_ outcome: FaceOutcome) {
    counts[outcome.kind.rawValue, default: 0] += 1
    if outcome.face != nil { faces += 1 }
    guard !outcome.reason.isEmpty else { return }
    if first == nil { first = (outcome.source, outcome.reason) }
    csv += CSV.line([
      outcome.kind.rawValue, outcome.source, outcome.reason,
      outcome.face == nil ? "dropped" : "kept",
    ])
  }

  /// - Throws: `Fault` where no face came out.
  func check() throws {
    guard faces == 0 else { return }
    guard let first else { throw Fault(.badInput, "there are no samples") }
    let total = counts.values.reduce(0, +)
    throw Fault(
      .badInput, "none of \(total) samples gave a face", at: .init(first.place),
      remedy: "check the dataset's pictures and landmarks",
      cause: "the first: \(first.reason)")
  }

  /// One line for each kind of trouble.
  var warnings: [String] {
    let trouble: [FaceOutcome.Kind] = [
      .keptResized, .withoutLandmarks, .unusableLandmarks, .unreadableImage,
    ]
    return trouble.compactMap { kind in
      counts[kind.rawValue].map { "\($0) \(kind.rawValue): see rejects.csv" }
    }
  }
}
