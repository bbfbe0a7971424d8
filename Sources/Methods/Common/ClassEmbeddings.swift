import Artifacts
import Platform

/// One embedding a class, as a frozen text encoder (or its stand-in) gives them: raw, not normalised.
public struct ClassEmbeddings: Sendable, Equatable {
  /// The file's name inside an artifact of kind `embeddings`.
  public static let fileName = "embeddings.safetensors"

  /// The class names, one a row.
  public let classes: [String]
  /// The text given to the encoder, one per class.
  public let prompts: [String]
  /// The vectors' width d.
  public let width: Int
  /// Row-major `[K, d]`.
  public let values: [Float]
  /// The prompts' own embeddings, where a class scores by each of them; nil: by `values`.
  public let ensemble: PromptEnsemble?

  /// - Throws: `Fault` where the counts disagree, a class occurs twice, or a value is not finite.
  public init(
    classes: [String], prompts: [String], width: Int, values: [Float],
    ensemble: PromptEnsemble? = nil
  ) throws {
    guard !classes.isEmpty, width > 0, values.count == classes.count * width,
      prompts.count == classes.count
    else {
      throw Fault(
        .badInput,
        "\(classes.count) classes need as many prompts and \(width) numbers each, "
          + "not \(prompts.count) prompts and \(values.count) numbers")
    }
    if let twice = Self.firstDuplicate(classes) {
      throw Fault(.badInput, "the class '\(twice)' occurs twice among the embeddings")
    }
    if let bad = values.firstIndex(where: { !$0.isFinite }) {
      throw Fault(
        .badInput, "the embedding of '\(classes[bad / width])' holds a number that is not finite")
    }
    try ensemble?.check(classCount: classes.count, width: width)
    self.classes = classes
    self.prompts = prompts
    self.width = width
    self.values = values
    self.ensemble = ensemble
  }

  /// What the encoder was asked, with `[CLS]` in place of the class: `a photo of a [CLS] face.`
  ///
  /// Taken from the first class whose prompt holds its name; its article is `a`.
  public var promptPattern: String {
    for (name, prompt) in zip(classes, prompts) {
      let words = prompt.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
      guard let place = words.firstIndex(where: { $0.hasPrefix(name) }) else { continue }
      var pattern = words
      pattern[place] = "[CLS]" + words[place].dropFirst(name.count)
      if place > 0, words[place - 1] == "an" { pattern[place - 1] = "a" }
      return pattern.joined(separator: " ")
    }
    return prompts[0]
  }

  private static func firstDuplicate(_ names: [String]) -> String? {
    var seen: Set<String> = []
    return names.first { !seen.insert($0).inserted }
  }

  /// The circumplex's vectors of some classes.
  public static func circumplex(
    _ classes: [String], prompts: [String], width: Int = Circumplex.width
  ) throws -> ClassEmbeddings {
    try ClassEmbeddings(
      classes: classes, prompts: prompts, width: width,
      values: try classes.flatMap { try Circumplex.embedding(of: $0, width: width) })
  }

  /// The embeddings of `wanted`, in that order.
  /// - Throws: `Fault` naming the classes that are missing.
  public func selecting(_ wanted: [String], from source: String) throws -> ClassEmbeddings {
    let missing = wanted.filter { !classes.contains($0) }
    guard missing.isEmpty else {
      throw Fault(
        .badInput,
        "there is no embedding for \(missing.map { "'\($0)'" }.joined(separator: ", "))",
        at: .init(source), remedy: "it has \(classes.joined(separator: ", "))")
    }
    let rows = wanted.compactMap { classes.firstIndex(of: $0) }
    return try ClassEmbeddings(
      classes: wanted, prompts: rows.map { prompts[$0] }, width: width,
      values: rows.flatMap { values[$0 * width..<($0 + 1) * width] },
      ensemble: ensemble?.selecting(rows, width: width))
  }

  /// Writes a safetensors file: `text` F32 [K, d], `classes` and `prompts` as JSON lists in the
  /// metadata; with `each` also every prompt's own embedding, `each` F32 [P, d], and its class,
  /// `each_class` I64 [P], and the list `each_prompts`; `ensemble` says how a class scores by them.
  public func write(to path: String, each: PromptEmbeddings? = nil) throws {
    let each = each ?? ensemble?.each
    var tensors: [(name: String, type: ElementType, shape: [Int])] = [
      ("text", .float32, [classes.count, width])
    ]
    var metadata = [
      "classes": JSONValue(classes).canonical, "prompts": JSONValue(prompts).canonical,
    ]
    if let each {
      tensors.append(("each", .float32, [each.prompts.count, width]))
      tensors.insert(("each_class", .int64, [each.prompts.count]), at: 0)
      metadata["each_prompts"] = JSONValue(each.prompts).canonical
      metadata["ensemble"] = ensemble?.pooling.rawValue
    }
    let writer = try SafetensorsWriter(path, tensors: tensors, metadata: metadata)
    if let each { try writer.append(each.classes) }
    try writer.append(values)
    if let each { try writer.append(each.values) }
    try writer.finish()
  }

  /// Reads a safetensors file with `text` [K, d] of any float type and `classes` in its metadata,
  /// as a JSON list or separated by commas; without `prompts` the class names stand for them. With
  /// `ensemble` in the metadata the classes score by the rows of `each`.
  /// - Throws: `Fault` naming what the file lacks.
  public init(file path: String) throws {
    let file = try SafetensorsFile(path)
    guard let entry = file["text"], entry.shape.count == 2 else {
      throw Fault(
        .badInput, "class embeddings need a tensor 'text' of two dimensions", at: .init(path),
        remedy: "the file has \(file.entries.map(\.name).joined(separator: ", "))")
    }
    guard let listed = file.metadata["classes"] else {
      throw Fault(
        .badInput, "the file's metadata do not say which classes its rows are", at: .init(path),
        remedy: "write the metadata 'classes' as a JSON list")
    }
    let classes = Self.list(listed)
    do {
      try self.init(
        classes: classes, prompts: file.metadata["prompts"].map(Self.list) ?? classes,
        width: entry.shape[1], values: try file.floats(entry),
        ensemble: try file.metadata["ensemble"].map {
          try PromptEnsemble(file, pooling: $0, width: entry.shape[1])
        })
    } catch let fault as Fault {
      throw fault.located(at: .init(path))
    }
  }

  static func list(_ text: String) -> [String] {
    if let list = try? JSONValue.parse(text).strings { return list }
    return text.split(separator: ",").map { part in
      String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
  }
}
