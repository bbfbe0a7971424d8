import Artifacts
import Faces
import Imaging
import Methods
import Platform

/// A face of a photo, cut as the model's training faces were.
struct FoundFace: Sendable {
  /// x0, y0, x1, y1 in px of the upright photo.
  var box: [Double]
  /// The detector's score; nil where none looked.
  var score: Double?
  /// **Shape**: [S, S, 3].
  var pixels: [UInt8]
}

/// A photo and its faces.
struct PhotoFaces: Sendable {
  var source: String
  var faces: [FoundFace] = []
  /// The photo itself, where it is to be annotated.
  var image: Image?
  /// Why there are no faces.
  var reason = ""
}

/// Finds and cuts faces exactly as the model says that its training faces were cut.
struct FaceFinder: Sendable {
  private let detector: MTCNN?
  private let cutter: FaceCutter
  private let resizing: Preprocessing.Resizing?
  private let crop: Int?
  private let minimumScore: Double
  private let takesAll: Bool
  private let keepsPhoto: Bool

  /// - Parameters:
  ///   - weights: the detector's; nil where the model reads whole pictures.
  ///   - asGiven: the photos are faces already: their central square is taken.
  /// - Throws: `Fault` where the model's alignment needs weights that are missing, or is not known.
  init(
    _ preprocessing: Preprocessing, weights: String?, asGiven: Bool, minimumScore: Double,
    takesAll: Bool, keepsPhoto: Bool
  ) throws {
    let alignment = preprocessing.alignment
    let needsPoints = !asGiven && (alignment["detector"]?.string ?? "none") != "none"
    guard !needsPoints || weights != nil else {
      throw Fault(
        .usage, "the model reads aligned faces, and finding them needs a detector's weights",
        remedy: "add weights (a file or model of MTCNN), or set faces=given for photos that are "
          + "cut and aligned already")
    }
    detector = needsPoints ? try weights.map { try Self.detector($0, alignment) } : nil
    let border: Image.Border =
      switch alignment["border"]?.string ?? "constant" {
      case "constant": .constant(0)
      case "edge": .edge
      case "reflect": .reflect
      case let word: throw Self.unknown("border", word)
      }
    let filter = alignment["filter"]?.string ?? "bilinear"
    let template = alignment["template_name"]?.string ?? "arcface"
    guard let kernel = Image.Filter(rawValue: filter) else { throw Self.unknown("filter", filter) }
    guard let points = FaceTemplate(rawValue: template) else {
      throw Self.unknown("template", template)
    }
    cutter = FaceCutter(
      size: alignment["size"]?.integer ?? preprocessing.imageSize,
      filter: kernel, border: border, template: points,
      margin: alignment["margin"]?.number ?? 0)
    crop = asGiven ? nil : alignment["crop"]?.integer
    resizing = preprocessing.resizing
    self.minimumScore = minimumScore
    self.takesAll = takesAll
    self.keepsPhoto = keepsPhoto
  }

  private static func unknown(_ field: String, _ word: String) -> Fault {
    Fault(
      .badInput, "the model's faces were cut with the \(field) '\(word)', which is not known here",
      remedy: "use the version of Ferry that trained the model")
  }

  /// The detector with the settings of training, where it found the faces there too.
  private static func detector(_ weights: String, _ alignment: JSONValue) throws -> MTCNN {
    var options = MTCNN.Options()
    if let thresholds = alignment["thresholds"]?.numbers { options.thresholds = thresholds }
    if let least = alignment["min_face_size"]?.number { options.minimumFaceSize = least }
    if let factor = alignment["factor"]?.number { options.factor = factor }
    if let word = alignment["resample"]?.string, let kind = DetectorResampling(rawValue: word) {
      options.resampling = kind
    }
    return try MTCNN(weights: weights, options: options)
  }

  /// The faces of a photo, the largest first; a photo that cannot be read has none.
  func faces(_ path: String, name: String) throws -> PhotoFaces {
    var photo = PhotoFaces(source: name)
    do {
      let image = try Image.decode(Files.read(path), name: name)
      if keepsPhoto { photo.image = image }
      photo.faces = try detector.map { try found($0, image) } ?? [whole(image)]
      if photo.faces.isEmpty { photo.reason = "no face was found" }
    } catch let fault as Fault where fault.code == .badInput {
      photo.reason = fault.message
    }
    return photo
  }

  private func found(_ detector: MTCNN, _ image: Image) throws -> [FoundFace] {
    let faces = try detector.detect(image).filter { $0.score >= minimumScore }
    return faces.prefix(takesAll ? faces.count : 1).compactMap { face in
      let cut =
        cutter.template == .margin
        ? try? cutter.square(image, box: face.box) : try? cutter.align(image, by: face.points)
      guard let cut else { return nil }
      return FoundFace(box: face.box, score: face.score, pixels: resized(cut.image).pixels)
    }
  }

  private func whole(_ image: Image) -> FoundFace {
    let side = Double(crop ?? min(image.width, image.height))
    let (x, y) = ((Double(image.width) - side) / 2, (Double(image.height) - side) / 2)
    return FoundFace(
      box: [x, y, x + side, y + side],
      pixels: resized(cutter.centre(image, side: crop).image.rgb()).pixels)
  }

  /// The face as shard resized those of training.
  private func resized(_ face: Image) -> Image {
    guard let resizing, face.width != resizing.size else { return face }
    return face.resized(width: resizing.size, height: resizing.size, filter: resizing.filter)
  }
}
