import Artifacts
import Faces
import Imaging
import Platform
import StageKit

/// The stage's parameters in typed form.
struct AlignmentSettings: Sendable {
  /// The source of a picture's face.
  enum Detector: String, CaseIterable { case mtcnn, landmarks, none }
  /// The treatment of a sample without a usable face.
  enum Policy: String, CaseIterable {
    case drop, fail
    case keepResized = "keep-resized"
  }

  var detector: Detector
  var crop: Int?
  var cutter: FaceCutter
  var policy: Policy
  var several: FaceChoice
  var minimumScore: Double
  var minimumFace: Double
  var maximumOutside: Double
  var isPNG: Bool
  var quality: Int
  let given: StageParameters

  var fileExtension: String { isPNG ? "png" : "jpg" }

  init(_ parameters: StageParameters) throws {
    given = parameters
    detector = Detector(rawValue: parameters.string("detector")) ?? .landmarks
    crop = parameters.optionalInteger("crop")
    guard crop == nil || detector == .none else {
      throw Fault(
        .usage, "'crop' applies to detector none only",
        remedy: "set detector=none, or leave crop out")
    }
    let border: Image.Border =
      switch parameters.string("border") {
      case "edge": .edge
      case "reflect": .reflect
      default: .constant(0)
      }
    let template = FaceTemplate(rawValue: parameters.string("template")) ?? .arcface
    cutter = FaceCutter(
      size: parameters.optionalInteger("size") ?? template.nativeSize,
      filter: Image.Filter(rawValue: parameters.string("filter")) ?? .bilinear, border: border,
      template: template, margin: parameters.number("margin"))
    policy = Policy(rawValue: parameters.string("policy")) ?? .fail
    several = FaceChoice(rawValue: parameters.string("several")) ?? .largest
    minimumScore = parameters.number("minimum_score")
    minimumFace = parameters.number("minimum_face")
    maximumOutside = parameters.number("maximum_outside")
    isPNG = parameters.string("format") == "png"
    quality = parameters.integer("quality")
  }

  /// The detector that the parameters ask for, or nil for another source of faces.
  func makeDetector(weights: String?) throws -> MTCNN? {
    guard detector == .mtcnn else {
      guard weights == nil else {
        throw Fault(
          .usage, "detector \(detector.rawValue) takes no weights",
          remedy: "set detector=mtcnn, or leave the input out")
      }
      return nil
    }
    guard let weights else {
      throw Fault(
        .usage, "detector mtcnn needs weights",
        remedy: "add --in weights=PATH; "
          + MTCNN.whereWeightsAre)
    }
    var options = MTCNN.Options()
    options.thresholds = given["thresholds"].numbers ?? []
    options.minimumFaceSize = given.number("min_face_size")
    options.factor = given.number("factor")
    options.resampling = DetectorResampling(rawValue: given.string("resample")) ?? .adaptiveArea
    return try MTCNN(weights: weights, options: options)
  }

  func encode(_ image: Image) throws -> [UInt8] {
    isPNG ? try image.png(level: nil) : try image.jpeg(quality: quality, chromaSubsampling: .none)
  }

  /// The artifact's description of its faces.
  func json(_ tally: AlignmentTally) -> JSONValue {
    var json: [String: JSONValue] = [
      "detector": .string(detector.rawValue), "size": .integer(cutter.size),
      "format": given["format"], "filter": given["filter"], "counts": tally.countsJSON,
      "per_class": tally.perClassJSON, "details": tally.detailsJSON,
    ]
    if !isPNG { json["quality"] = .integer(quality) }
    if detector == .none {
      json["crop"] = given["crop"]
      return .object(json)
    }
    for name in ["border", "policy", "maximum_outside"] { json[name] = given[name] }
    json["template_name"] = .string(cutter.template.rawValue)
    if cutter.template == .margin {
      json["margin"] = .number(cutter.margin)
    } else {
      json["template"] = .array(
        cutter.template.targets(size: cutter.size).map { JSONValue([$0.x, $0.y]) })
    }
    if detector == .mtcnn {
      for name in [
        "several", "minimum_score", "minimum_face", "thresholds", "min_face_size", "factor",
        "resample",
      ] { json[name] = given[name] }
    }
    return .object(json)
  }
}
