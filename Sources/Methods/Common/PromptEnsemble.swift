import Artifacts
import Platform

/// How a class scores that has several prompts.
public enum PromptPooling: String, Sendable, CaseIterable {
  /// By the mean of its prompts' logits.
  case logits
  /// By the prompt that is nearest to the face.
  case nearest
}

/// Which class each of several prompts belongs to, and how a class scores by its prompts.
public struct PromptGroups: Sendable, Equatable {
  public let pooling: PromptPooling
  /// The class of each prompt, by number.
  public let classes: [Int]

  public init(_ pooling: PromptPooling, classes: [Int]) {
    self.pooling = pooling
    self.classes = classes
  }

  /// Whether every class has a prompt, and every prompt a class.
  func fits(classCount: Int) -> Bool { Set(classes) == Set(0..<classCount) }

  public var json: JSONValue {
    ["pooling": .string(pooling.rawValue), "classes": JSONValue(classes)]
  }

  /// - Throws: `Fault` where the record is damaged or does not fit the number of classes.
  init(json: JSONValue, classCount: Int, at place: Fault.Place) throws {
    guard let pooling = json["pooling"]?.string.flatMap(PromptPooling.init(rawValue:)),
      let classes = json["classes"]?.array?.compactMap(\.integer)
    else { throw Fault(.badInput, "the model's ensemble lacks pooling or classes", at: place) }
    self.init(pooling, classes: classes)
    guard fits(classCount: classCount) else {
      throw Fault(
        .badInput, "the model's ensemble does not have prompts for each of \(classCount) classes",
        at: place)
    }
  }
}

/// The embeddings of single prompts, several a class.
public struct PromptEmbeddings: Sendable, Equatable {
  public var prompts: [String]
  /// The class of each prompt, by number.
  public var classes: [Int]
  /// Row-major [P, d].
  public var values: [Float]

  public init(prompts: [String], classes: [Int], values: [Float]) {
    self.prompts = prompts
    self.classes = classes
    self.values = values
  }
}

/// Prompts that each keep their embedding, and how a class scores by them.
public struct PromptEnsemble: Sendable, Equatable {
  public let pooling: PromptPooling
  public let each: PromptEmbeddings

  public init(_ pooling: PromptPooling, each: PromptEmbeddings) {
    self.pooling = pooling
    self.each = each
  }

  public var groups: PromptGroups { PromptGroups(pooling, classes: each.classes) }

  /// - Throws: `Fault` where counts disagree, a class has no prompt, or a value is not finite.
  func check(classCount: Int, width: Int) throws {
    guard each.prompts.count == each.classes.count,
      each.values.count == each.classes.count * width, groups.fits(classCount: classCount)
    else {
      throw Fault(
        .badInput,
        "an ensemble needs a class and \(width) numbers a prompt, and a prompt for each of "
          + "\(classCount) classes")
    }
    if let bad = each.values.firstIndex(where: { !$0.isFinite }) {
      throw Fault(
        .badInput,
        "the embedding of '\(each.prompts[bad / width])' holds a number that is not finite")
    }
  }

  /// The prompts of some classes, in the order of those.
  func selecting(_ rows: [Int], width: Int) -> PromptEnsemble {
    var kept = PromptEmbeddings(prompts: [], classes: [], values: [])
    for (index, row) in rows.enumerated() {
      for prompt in each.classes.indices where each.classes[prompt] == row {
        kept.prompts.append(each.prompts[prompt])
        kept.classes.append(index)
        kept.values += each.values[prompt * width..<(prompt + 1) * width]
      }
    }
    return PromptEnsemble(pooling, each: kept)
  }

  /// Reads `each`, `each_class` and, where it is there, `each_prompts`.
  init(_ file: SafetensorsFile, pooling name: String, width: Int) throws {
    guard let pooling = PromptPooling(rawValue: name) else {
      throw Fault(
        .badInput, "unknown ensemble '\(name)'", at: .init(file.path),
        remedy: PromptPooling.allCases.map(\.rawValue).joined(separator: " or "))
    }
    guard let entry = file["each"], entry.shape.count == 2, entry.shape[1] == width else {
      throw Fault(
        .badInput, "an ensemble needs a tensor 'each' with \(width) columns", at: .init(file.path))
    }
    let classes = file.integers(
      try file.require("each_class", .int64, shape: [entry.shape[0]]))
    self.init(
      pooling,
      each: PromptEmbeddings(
        prompts: file.metadata["each_prompts"].map(ClassEmbeddings.list)
          ?? classes.map { "prompt of class \($0)" },
        classes: classes, values: try file.floats(entry)))
  }
}
