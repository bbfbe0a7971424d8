import Artifacts
import Faces
import Imaging
import Platform
import Samples

/// Turns samples into faces, one at a time, from any thread.
struct FaceWorker: Sendable {
  /// The location of the samples, for messages.
  let directory: String
  let reader: RowCollectionReader
  let settings: AlignmentSettings
  let detector: MTCNN?
  let cache: AlignmentCache?

  /// A sample's place, class and what became of it.
  struct Outcome: Sendable {
    var source: String
    var label: String?
    var alignment: Alignment
    var rows: [JSONValue]
    var isReused = false
  }

  /// - Throws: `Fault` for a damaged row, and for a missing face where the policy says so.
  func outcome(_ index: Int) throws -> Outcome {
    let here = Fault.Place(Files.join(directory, RowCollection.indexName), line: index + 1)
    let row = reader.rows[index]
    let sample = try SampleRow(json: row, at: here)
    var alignment: Alignment?
    var path: String?
    if let cache {
      let digest = reader.withPayload(index) { Digest(hashing: $0.map(Array.init) ?? []) }
      path = try cache.path(
        digest, annotation: [row["points"] ?? .null, row["box"] ?? .null])
      alignment = path.flatMap(cache.read)
    }
    let isReused = alignment != nil
    let result = try alignment ?? align(index, sample)
    if let path, !isReused { try cache?.write(result, to: path) }
    try enforce(result, sample, at: here)
    return Outcome(
      source: sample.source, label: sample.label, alignment: result,
      rows: rows(result, sample, row: row), isReused: isReused)
  }

  private func enforce(_ result: Alignment, _ sample: SampleRow, at here: Fault.Place) throws {
    guard settings.policy == .fail, settings.detector != .none, result.faces.isEmpty,
      ![.unreadableImage, .unusableLandmarks].contains(result.kind)
    else { return }
    let what =
      result.kind == .withoutLandmarks ? "has no landmarks" : "gave no face: \(result.reason)"
    throw Fault(
      .badInput, "the sample '\(sample.id)' \(what)", at: here,
      remedy: settings.detector == .mtcnn
        ? "set policy=drop or keep-resized"
        : "set detector=none, or policy=drop or keep-resized")
  }

  private func align(_ index: Int, _ sample: SampleRow) throws -> Alignment {
    let hasFace = annotation(sample) != nil
    if settings.detector == .landmarks, !hasFace, settings.policy != .keepResized {
      return Alignment(kind: .withoutLandmarks, reason: "the sample has no landmarks")
    }
    let image: Image
    do {
      image = try reader.withPayload(index) { bytes in
        guard let bytes else { throw Fault(.badInput, "the row has no picture") }
        return try Image.decode(bytes, name: sample.source, as: .asStored)
      }
    } catch let fault as Fault where fault.code == .badInput {
      return Alignment(kind: .unreadableImage, reason: fault.brief)
    }
    switch settings.detector {
    case .none: return try central(image, .central)
    case .mtcnn: return try detected(image, sample)
    case .landmarks:
      return try hasFace
        ? annotated(image, sample)
        : missing(image, .withoutLandmarks, "the sample has no landmarks")
    }
  }

  /// What the template needs of the dataset's own annotation.
  private func annotation(_ sample: SampleRow) -> [PicturePoint]? {
    if settings.cutter.template == .margin, let box = sample.box {
      return [PicturePoint(box[0], box[1]), PicturePoint(box[2], box[3])]
    }
    return sample.points
  }

  private func central(
    _ image: Image, _ kind: Alignment.Kind, reason: String = "", details: [String] = [],
    found: Int? = nil
  ) throws -> Alignment {
    let cut = settings.cutter.centre(image, side: settings.crop)
    let face = Alignment.Face(
      facesFound: found, policy: kind.rawValue, transform: cut.transform,
      bytes: try settings.encode(cut.image))
    return Alignment(kind: kind, faces: [face], reason: reason, details: details)
  }

  /// Applies the policy for a picture without a usable face.
  private func missing(
    _ image: Image, _ kind: Alignment.Kind, _ reason: String, found: Int = 0
  ) throws -> Alignment {
    guard settings.policy == .keepResized else { return Alignment(kind: kind, reason: reason) }
    return try central(
      image, .keptResized, reason: reason, details: [kind.rawValue], found: found)
  }

  private func annotated(_ image: Image, _ sample: SampleRow) throws -> Alignment {
    let given = annotation(sample) ?? []
    let box = sample.box ?? bounds(given)
    do {
      var landmarks: [PicturePoint]?
      let cut: FaceCutter.Cut
      if settings.cutter.template == .margin {
        cut = try settings.cutter.square(image, box: box)
      } else {
        let points = try FivePoints(given.map { Point($0.x, $0.y) })
        landmarks = points.all.map { PicturePoint($0.x, $0.y) }
        cut = try settings.cutter.align(image, by: points)
      }
      guard cut.outside <= settings.maximumOutside else {
        return try missing(image, .outOfFrame, outsideReason(cut), found: 1)
      }
      let face = Alignment.Face(
        box: box, landmarks: landmarks, facesFound: 1, policy: Alignment.Kind.aligned.rawValue,
        transform: cut.transform, bytes: try settings.encode(cut.image))
      return Alignment(
        kind: .aligned, faces: [face], details: cut.outside > 0 ? ["partly-outside"] : [])
    } catch let fault as Fault where fault.code == .badInput {
      return Alignment(kind: .unusableLandmarks, reason: fault.brief)
    }
  }

  private func outsideReason(_ cut: FaceCutter.Cut) -> String {
    "\(Int((100 * cut.outside).rounded())) % of the crop lie beyond the picture"
  }

  private func bounds(_ points: [PicturePoint]) -> [Double] {
    let (x, y) = (points.map(\.x), points.map(\.y))
    return [x.min() ?? 0, y.min() ?? 0, x.max() ?? 0, y.max() ?? 0]
  }

  private func detected(_ image: Image, _ sample: SampleRow) throws -> Alignment {
    guard let detector else { throw Fault(.internal, "no detector") }
    let found = try detector.detect(image)
    guard !found.isEmpty else { return try missing(image, .withoutFace, "no face was found") }
    let confident = found.filter { $0.score >= settings.minimumScore }
    guard !confident.isEmpty else {
      let best = found.map(\.score).max() ?? 0
      return try missing(
        image, .lowScore, "the best face scores \(best)", found: found.count)
    }
    let faces = confident.filter { min($0.width, $0.height) >= settings.minimumFace }
    guard !faces.isEmpty else {
      return try missing(
        image, .tinyFace, "the largest face has \(Int(confident[0].width)) px", found: found.count)
    }
    let chosen = settings.several.choose(
      faces, width: image.width, height: image.height, annotation: middle(sample))
    var result = Alignment(kind: .detected)
    if faces.count > 1 {
      result.details.append("several-faces")
      if settings.several == .nearestToAnnotation, middle(sample) == nil {
        result.details.append("several-without-annotation")
      }
    }
    var dropped = "the points do not determine a face"
    for face in chosen {
      do {
        let cut =
          settings.cutter.template == .margin
          ? try settings.cutter.square(image, box: face.box)
          : try settings.cutter.align(image, by: face.points)
        dropped = outsideReason(cut)
        guard cut.outside <= settings.maximumOutside else { continue }
        if cut.outside > 0 { result.details.append("partly-outside") }
        result.faces.append(try crop(face, cut, found: found.count))
      } catch let fault as Fault where fault.code == .badInput { dropped = fault.brief }
    }
    return result.faces.isEmpty
      ? try missing(image, .outOfFrame, dropped, found: found.count) : result
  }

  private func crop(
    _ face: DetectedFace, _ cut: FaceCutter.Cut, found: Int
  ) throws -> Alignment.Face {
    Alignment.Face(
      box: face.box, landmarks: face.points.all.map { PicturePoint($0.x, $0.y) },
      score: face.score, facesFound: found, policy: settings.several.rawValue,
      transform: cut.transform, bytes: try settings.encode(cut.image))
  }

  /// The middle of the dataset's own box or points.
  private func middle(_ sample: SampleRow) -> Point? {
    let box = sample.box ?? sample.points.map(bounds)
    return box.map { Point(($0[0] + $0[2]) / 2, ($0[1] + $0[3]) / 2) }
  }

  private func rows(_ result: Alignment, _ sample: SampleRow, row: JSONValue) -> [JSONValue] {
    result.faces.enumerated().map { index, cut in
      var face = FaceRow(
        sample: sample, landmarks: cut.landmarks, score: cut.score, facesFound: cut.facesFound,
        policy: cut.policy)
      if index > 0 { face.sample.id += "-\(index + 1)" }
      face.sample.box = cut.box ?? sample.box
      let map = cut.transform
      face.transform = [[map.a, map.b, map.tx], [map.c, map.d, map.ty]]
      // Members of the sample that this release does not know are carried on.
      return .object((row.object ?? [:]).merging(face.json.object ?? [:]) { $1 })
    }
  }
}

extension Fault {
  /// The message and its cause, without place and remedy.
  fileprivate var brief: String { message + (cause.map { " (\($0))" } ?? "") }
}
