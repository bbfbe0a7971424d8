import Platform

/// The text encoders that embed class names, by name.
public struct TextEncoderCatalogue: Sendable {
  public let kinds: [TextEncoderKind]

  public init(_ kinds: [TextEncoderKind]) { self.kinds = kinds }

  /// Every text encoder of this room: a family is a folder of Families, and a term here.
  public static let standard = TextEncoderCatalogue(CLIPTextEncoders.kinds + BERTTextEncoders.kinds)

  public var names: [String] { kinds.map(\.name) }

  public subscript(name: String) -> TextEncoderKind? { kinds.first { $0.name == name } }

  /// - Throws: `Fault` for an unknown name.
  public func kind(_ name: String) throws -> TextEncoderKind {
    if let kind = self[name] { return kind }
    let near = nearestWord(to: name, among: names).map { "did you mean '\($0)'? " } ?? ""
    throw Fault(
      .usage, "there is no text encoder '\(name)'",
      remedy: near + "there are \(names.joined(separator: ", "))")
  }

  /// The kind that imported weights of an architecture are read as; nil where there is none.
  public func kind(ofArchitecture architecture: String) -> TextEncoderKind? {
    kinds.first { $0.architectures.contains(architecture) }
  }

  /// The names with their summaries, for help: `clip, align: a text tower; sentence: a BERT`.
  public var summary: String {
    var groups: [(names: String, summary: String)] = []
    for kind in kinds {
      if let last = groups.last, last.summary == kind.summary {
        groups[groups.count - 1].names += ", \(kind.name)"
      } else {
        groups.append((kind.name, kind.summary))
      }
    }
    return groups.map { "\($0.names): \($0.summary)" }.joined(separator: "; ")
  }
}
