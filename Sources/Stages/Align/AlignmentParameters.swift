import Artifacts
import Faces

extension AlignmentSettings {
  static let parameters = sourceParameters + cropParameters + policyParameters + detectorParameters

  private static let sourceParameters: [ContractParameter] = [
    ContractParameter(
      "detector", .choice(Detector.allCases.map(\.rawValue)), default: "landmarks",
      help: "landmarks: the dataset's five points (or five of its 68 or 37); mtcnn: found by the "
        + "cascade of Zhang et al. (2016), whose weights are an input; none: the central square, "
        + "resized."),
    ContractParameter(
      "crop", .integer, default: .null, minimum: 8, maximum: 8192,
      help: "With detector none: the side of the central square in px of the original picture, "
        + "black beyond it; null: the largest square that fits."),
  ]

  private static let cropParameters: [ContractParameter] = [
    ContractParameter(
      "size", .either([.integer]), default: 112, minimum: 8, maximum: 4096, nullable: true,
      help: "The face's side in px; null: the template's own, 112 or 100."),
    ContractParameter(
      "template", .choice(FaceTemplate.allCases.map(\.rawValue)), default: "arcface",
      help: "arcface: five points by the best similarity; rafdb: eyes and middle of the mouth by "
        + "an affine map; eyes-only: the eyes by a similarity; margin: the box's square, upright."),
    ContractParameter(
      "margin", .number, default: 0.2, minimum: 0, maximum: 4,
      help: "Of template margin: what is added on each side, in parts of the box's longer side."),
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
  ]

  private static let policyParameters: [ContractParameter] = [
    ContractParameter(
      "policy", .choice(Policy.allCases.map(\.rawValue)), default: "fail",
      help: "A sample without a usable face: fail stops; drop leaves it out; keep-resized takes "
        + "the largest central square instead. All are counted in the artifact, in all and by "
        + "class."),
    ContractParameter(
      "several", .choice(FaceChoice.allCases.map(\.rawValue)), default: "largest",
      help: "Of several faces: which is taken; nearest-to-annotation is the one nearest to the "
        + "dataset's box or points; all makes a row of each, the further ones with -2, -3 after "
        + "the id."),
    ContractParameter(
      "minimum_score", .number, default: 0, minimum: 0, maximum: 1,
      help: "A face that scores less is none."),
    ContractParameter(
      "minimum_face", .number, default: 0, minimum: 0, maximum: 8192,
      help: "A face whose box has a shorter side, in px, is none."),
    ContractParameter(
      "maximum_outside", .number, default: 1, minimum: 0, maximum: 1,
      help: "A crop of which a larger share lies beyond the picture is none."),
  ]

  private static let detectorParameters: [ContractParameter] = [
    ContractParameter(
      "thresholds", .list(.number), default: [0.6, 0.7, 0.7], minimum: 0, maximum: 1,
      help: "Of mtcnn: the least score after each of its three networks."),
    ContractParameter(
      "min_face_size", .number, default: 20, minimum: 12, maximum: 8192,
      help: "Of mtcnn: the side of the smallest face that is looked for, in px."),
    ContractParameter(
      "factor", .number, default: 0.709, minimum: 0.1, maximum: 0.95,
      help: "Of mtcnn: from one level of the image pyramid to the next."),
    ContractParameter(
      "resample", .choice(DetectorResampling.allCases.map(\.rawValue)), default: "adaptive-area",
      help: "Of mtcnn: adaptive-area averages all pixels that a cell touches, as facenet-pytorch "
        + "does; area counts them by their share."),
  ]
}
