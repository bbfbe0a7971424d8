import Archives
import Platform

extension DatasetDefinition {
  /// AffectNet as released in 2021: cropped pictures and a NumPy file for each annotation.
  static let affectnet2021 = DatasetDefinition(
    card: .affectnet2021, protocols: ["affectnet-8", "affectnet-7"]
  ) { _, name in
    AffectNet2021Parser(AffectNetScheme(classes: name == "affectnet-7" ? .seven : .eight))
  }
}

/// Reads `{train,val}_set/annotations/<id>_{exp,val,aro,lnd}.npy`.
final class AffectNet2021Parser: DatasetParser {
  private let scheme: AffectNetScheme
  private var images: [String: String] = [:]
  private var annotations: [String: Annotation] = [:]

  private struct Annotation {
    var label: Int?
    var place = ""
    var points: [PicturePoint]?
    var attributes: [String: String] = [:]
  }

  init(_ scheme: AffectNetScheme) { self.scheme = scheme }

  func visit(_ entry: ArchiveEntry) throws {
    let components = entry.path.split(separator: "/")
    guard components.count >= 3, let split = Self.split(components[components.count - 3]) else {
      return
    }
    let stem = SourcePath.stem(entry.path)
    if SourcePath.isImage(entry.path) {
      images["\(split.rawValue)/\(stem)"] = entry.path
    } else if SourcePath.fileExtension(entry.path) == "npy", let low = stem.lastIndex(of: "_") {
      let key = "\(split.rawValue)/\(stem[..<low])"
      try note(entry, key: key, kind: String(stem[stem.index(after: low)...]))
    }
  }

  private static func split(_ folder: Substring) -> Split? {
    switch folder {
    case "train_set": .train
    case "val_set": .test
    default: nil
    }
  }

  private func note(_ entry: ArchiveEntry, key: String, kind: String) throws {
    guard ["exp", "val", "aro", "lnd"].contains(kind) else { return }
    let array = try NPYArray(try entry.read(limit: 1 << 20), file: entry.path)
    if kind == "lnd" {
      guard let points = AffectNetScheme.five(array.values) else {
        throw Fault(
          .badInput, "\(array.values.count) coordinates instead of 136", at: .init(entry.path))
      }
      annotations[key, default: Annotation()].points = points
      return
    }
    guard let number = array.scalar else {
      throw Fault(
        .badInput, "\(array.values.count) values instead of one", at: .init(entry.path))
    }
    if kind == "exp" {
      annotations[key, default: Annotation()].label = Int(exactly: number) ?? -1
      annotations[key]?.place = entry.path
    } else if number >= -1 {
      annotations[key, default: Annotation()].attributes[kind == "val" ? "valence" : "arousal"] =
        number.description
    }
  }

  func plan() throws -> IngestPlan {
    guard !annotations.isEmpty, !images.isEmpty else {
      throw Fault(
        .badInput, "the source has no pictures or no annotations of AffectNet's release of 2021",
        remedy: "they are train_set/images/0.jpg and train_set/annotations/0_exp.npy")
    }
    var rows: [SampleRow] = []
    var rejects: [Reject] = []
    for (key, annotation) in annotations.sorted(by: { $0.key < $1.key }) {
      guard let number = annotation.label else { continue }
      let (label, reject) = try scheme.label(number, at: .init(annotation.place))
      if let reject { rejects.append(reject) }
      guard let label else { continue }
      guard let source = images[key] else {
        rejects.append(
          Reject(.labelWithoutImage, annotation.place, "\(key) is not among the pictures"))
        continue
      }
      rows.append(
        SampleRow(
          id: key, source: source, split: key.hasPrefix("train") ? .train : .test, label: label,
          attributes: annotation.attributes, points: annotation.points))
    }
    for (key, path) in images.sorted(by: { $0.value < $1.value })
    where annotations[key]?.label == nil {
      rejects.append(Reject(.imageWithoutLabel, path, "\(key) has no expression"))
    }
    return IngestPlan(scheme.scheme(release: 2021), rows: rows, rejects: rejects)
  }
}
