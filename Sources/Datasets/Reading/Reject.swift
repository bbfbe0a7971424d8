import Archives
import Artifacts
import Platform

/// Something of a dataset that was passed over, or kept and worth knowing.
public struct Reject: Sendable, Equatable {
  public enum Kind: String, Sendable, CaseIterable {
    /// A picture whose bytes do not decode, or cannot be read from the archive.
    case unreadableImage = "unreadable-image"
    /// A label whose picture is not in the source.
    case labelWithoutImage = "label-without-image"
    /// A picture that no label names.
    case imageWithoutLabel = "image-without-label"
    /// A second row or file for the same picture.
    case duplicateRow = "duplicate-row"
    /// Two pictures of one split with the same bytes.
    case duplicateImage = "duplicate-image"
    /// Pictures of two splits with the same bytes.
    case duplicateAcrossSplits = "duplicate-across-splits"
    /// A row whose class is not one of those asked for.
    case unlistedClass = "unlisted-class"
    /// A row that the dataset's own rules leave out (no majority, not a face).
    case withoutLabel = "without-label"
    /// An entry with an unsafe name, a link or a device.
    case refusedEntry = "refused-entry"
  }

  public var kind: Kind
  /// `file:line` or the path of the picture, inside the archive.
  public var place: String
  public var reason: String

  public init(_ kind: Kind, _ place: String, _ reason: String) {
    self.kind = kind
    self.place = place
    self.reason = reason
  }

  init(_ issue: ArchiveIssue) {
    self.init(.refusedEntry, issue.path, "\(issue.kind.rawValue): \(issue.reason)")
  }

  /// Whether the picture stays in the samples all the same.
  public var isKept: Bool { kind == .duplicateImage || kind == .duplicateAcrossSplits }

  /// Whether a labelled picture is lost through damage, which counts towards the limit.
  var isLoss: Bool {
    kind == .unreadableImage || kind == .labelWithoutImage || kind == .duplicateRow
  }

  /// Whether `reject: fail` stops at it.
  var isTrouble: Bool { isLoss || kind == .imageWithoutLabel || kind == .refusedEntry }

  /// The treatment of rejected pictures.
  public enum Policy: String, Sendable, CaseIterable {
    /// Any trouble is an error.
    case fail
    /// Pictures in trouble are left out, up to `Reject.dropLimit` of them.
    case drop
  }

  /// The largest fraction of labelled pictures that may be lost.
  public static let dropLimit = 0.05

  /// The table of rejects: kind, place, reason, and what was done.
  public static func csv(_ rejects: [Reject]) -> String {
    rejects.reduce(into: CSV.line(["kind", "place", "reason", "action"])) { text, reject in
      text += CSV.line([
        reject.kind.rawValue, reject.place, reject.reason, reject.isKept ? "kept" : "dropped",
      ])
    }
  }

  /// Counts by kind.
  public static func counts(_ rejects: [Reject]) -> [String: Int] {
    rejects.reduce(into: [:]) { $0[$1.kind.rawValue, default: 0] += 1 }
  }

  /// Applies a policy.
  ///
  /// - Throws: `Fault` that counts the trouble by kind and names the first place.
  static func judge(_ rejects: [Reject], policy: Policy, labelled: Int) throws {
    let counted = rejects.filter { policy == .fail ? $0.isTrouble : $0.isLoss }
    guard let first = counted.first else { return }
    let limit = policy == .fail ? 0 : Int(dropLimit * Double(labelled))
    guard counted.count > limit else { return }
    let kinds = counts(counted).sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
    let words = kinds.joined(separator: ", ")
    throw Fault(
      .badInput,
      policy == .fail
        ? "the dataset has trouble: \(words)"
        : "\(counted.count) of \(labelled) labelled pictures are lost, more than 5 %: \(words)",
      at: .init(first.place),
      remedy: policy == .fail
        ? "repair the dataset, or leave such pictures out with reject: drop"
        : "the archive seems incomplete: fetch it again",
      cause: "the first: \(first.reason)")
  }
}
