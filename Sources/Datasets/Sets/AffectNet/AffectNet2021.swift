import Archives
import Platform
import Samples

extension DatasetDefinition {
  /// AffectNet as released in 2021: cropped pictures and a NumPy file for each annotation.
  static let affectnet2021 = DatasetDefinition(
    card: .affectnet2021, protocols: ["affectnet-8", "affectnet-7"]
  ) { _, name in
    AffectNet2021Parser(AffectNetScheme(classes: name == "affectnet-7" ? .seven : .eight))
  }
}

/// Reads `{train,val}_set/annotations/<id>_{exp,val,aro,lnd}.npy`.
final class AffectNet2021Parser: OnePassParser {
  private let scheme: AffectNetScheme
  private var images: [String: String] = [:]
  private var annotations: [String: Annotation] = [:]
  private var rejects: [Reject] = []
  /// Keys whose rows were handed over with their pictures.
  private var given: Set<String> = []

  private struct Annotation {
    var label: Int?
    var place = ""
    var points: [PicturePoint]?
    var attributes: [String: String] = [:]
  }

  init(_ scheme: AffectNetScheme) { self.scheme = scheme }

  func visit(_ entry: ArchiveEntry) throws {
    guard let split = Self.split(of: entry.path) else { return }
    let stem = SourcePath.stem(entry.path)
    if SourcePath.isImage(entry.path) {
      _ = noteImage(entry.path, split)
    } else if SourcePath.fileExtension(entry.path) == "npy", let low = stem.lastIndex(of: "_") {
      let key = "\(split.rawValue)/\(stem[..<low])"
      if given.contains(key) { throw OutOfOrder() }
      try note(entry, key: key, kind: String(stem[stem.index(after: low)...]))
    }
  }

  func take(_ entry: ArchiveEntry, _ emit: Emit) throws {
    guard SourcePath.isImage(entry.path), let split = Self.split(of: entry.path) else {
      return try visit(entry)
    }
    guard let key = noteImage(entry.path, split) else { return }
    guard let annotation = annotations[key], let number = annotation.label else {
      throw OutOfOrder()
    }
    guard let label = try scheme.label(number, at: .init(annotation.place)).name else { return }
    given.insert(key)
    try emit(row(key, annotation, label, entry.path)) { try entry.read() }
  }

  /// The key of a picture that is met for the first time.
  private func noteImage(_ path: String, _ split: Split) -> String? {
    let key = "\(split.rawValue)/\(SourcePath.stem(path))"
    if let first = images[key] {
      rejects.append(Reject(.duplicateRow, path, "the same picture is also at \(first)"))
      return nil
    }
    images[key] = path
    return key
  }

  /// The split of a file in `train_set/images`, `val_set/annotations` and so on.
  private static func split(of path: String) -> Split? {
    let components = path.split(separator: "/")
    return components.count < 3 ? nil : split(components[components.count - 3])
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
      if !given.contains(key) { rows.append(row(key, annotation, label, source)) }
    }
    for (key, path) in images.sorted(by: { $0.value < $1.value })
    where annotations[key]?.label == nil {
      rejects.append(Reject(.imageWithoutLabel, path, "\(key) has no expression"))
    }
    return IngestPlan(scheme.scheme(release: 2021), rows: rows, rejects: rejects)
  }

  private func row(
    _ key: String, _ annotation: Annotation, _ label: String, _ source: String
  ) -> SampleRow {
    SampleRow(
      id: key, source: source, split: key.hasPrefix("train") ? .train : .test, label: label,
      attributes: annotation.attributes, points: annotation.points)
  }
}
