import Artifacts
import Faces
import Imaging
import Platform
import StageKit

/// The stage's parameters in typed form.
struct AlignmentSettings: Sendable {
  /// Where the face of a picture is taken from.
  enum Detector: String, CaseIterable { case landmarks, none }
  /// What becomes of a sample without landmarks.
  enum Policy: String, CaseIterable {
    case drop, fail
    case keepResized = "keep-resized"
  }

  var detector: Detector
  var crop: Int?
  var cutter: FaceCutter
  var policy: Policy
  var isPNG: Bool
  var quality: Int
  private let given: StageParameters

  var fileExtension: String { isPNG ? "png" : "jpg" }

  static let parameters: [ContractParameter] = [
    ContractParameter(
      "detector", .choice(Detector.allCases.map(\.rawValue)), default: "landmarks",
      help: "landmarks: a least-squares similarity takes the dataset's five points (or five of "
        + "its 68) to the template; none: the central square, resized."),
    ContractParameter(
      "size", .integer, default: 112, minimum: 8, maximum: 4096, help: "The face's side in px."),
    ContractParameter(
      "crop", .integer, default: .null, minimum: 8, maximum: 8192,
      help: "With detector none: the side of the central square in px of the original picture, "
        + "black beyond it; null: the largest square that fits."),
    ContractParameter(
      "format", .choice(["jpeg", "png"]), default: "jpeg",
      help: "How faces are stored; jpeg with colour at full resolution (4:4:4)."),
    ContractParameter(
      "quality", .integer, default: 95, minimum: 1, maximum: 100, help: "Of jpeg."),
    ContractParameter(
      "filter", .choice(["bilinear", "bicubic"]), default: "bilinear",
      help: "The resampling kernel; it widens with the reduction, so that nothing aliases."),
    ContractParameter(
      "border", .choice(["constant", "edge", "reflect"]), default: "constant",
      help: "What an aligned face shows beyond the picture: black, the nearest edge pixel, or the "
        + "picture mirrored at its edge."),
    ContractParameter(
      "policy", .choice(Policy.allCases.map(\.rawValue)), default: "fail",
      help: "A sample without landmarks: fail stops; drop leaves it out; keep-resized takes the "
        + "largest central square instead. Both are counted in the artifact."),
  ]

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
    cutter = FaceCutter(
      size: parameters.integer("size"),
      filter: Image.Filter(rawValue: parameters.string("filter")) ?? .bilinear, border: border)
    policy = Policy(rawValue: parameters.string("policy")) ?? .fail
    isPNG = parameters.string("format") == "png"
    quality = parameters.integer("quality")
  }

  func encode(_ image: Image) throws -> [UInt8] {
    isPNG ? try image.png() : try image.jpeg(quality: quality, chromaSubsampling: .none)
  }

  /// What the artifact says about its faces.
  func json(counts: [String: Int]) -> JSONValue {
    var json: [String: JSONValue] = [
      "detector": .string(detector.rawValue), "size": .integer(cutter.size),
      "format": given["format"], "filter": given["filter"],
      "counts": .object(counts.mapValues { .integer($0) }),
    ]
    if !isPNG { json["quality"] = .integer(quality) }
    switch detector {
    case .landmarks:
      json["border"] = given["border"]
      json["policy"] = given["policy"]
      json["template"] = .array(
        FivePoints.template(size: cutter.size).all.map { JSONValue([$0.x, $0.y]) })
    case .none:
      json["crop"] = given["crop"]
    }
    return .object(json)
  }
}
