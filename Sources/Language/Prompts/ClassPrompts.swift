import Platform

/// The prompts of a list of classes: every template with every word of a class.
public struct ClassPrompts: Sendable, Equatable {
  public let classes: [String]
  /// The prompts of each class.
  public let prompts: [[String]]

  /// The adjectives of the basic expressions.
  public static let adjectives = [
    "surprise": "surprised", "fear": "fearful", "disgust": "disgusted", "happiness": "happy",
    "sadness": "sad", "anger": "angry", "contempt": "contemptuous", "neutral": "neutral",
  ]

  /// - Parameters:
  ///   - words: a class's nouns where the class's name is not to be used.
  ///   - adjectives: a class's adjective where the table's is not to be used.
  /// - Throws: `Fault` where a class is unknown to the list, lacks a word, or gives an empty one.
  public init(
    _ classes: [String], templates: [PromptTemplate], words: [String: [String]] = [:],
    adjectives: [String: String] = [:]
  ) throws {
    for name in Array(words.keys) + adjectives.keys where !classes.contains(name) {
      throw Fault(
        .usage, "words are given for '\(name)', which is not among the classes",
        remedy: "the classes are \(classes.joined(separator: ", "))")
    }
    self.classes = classes
    prompts = try classes.map { name in
      let nouns = words[name] ?? [name]
      guard !nouns.isEmpty, !nouns.contains("") else {
        throw Fault(.usage, "the class '\(name)' has no words")
      }
      return try nouns.flatMap { noun in
        try templates.map { template in
          let adjective = adjectives[name] ?? Self.adjectives[name]
          if template.text.contains("{adjective}"), adjective == nil {
            throw Fault(
              .usage, "the class '\(name)' has no adjective for '\(template.text)'",
              remedy: "set adjectives={\(name): ...}")
          }
          return template.prompt(for: .init(noun: noun, adjective: adjective ?? noun))
        }
      }
    }
  }

  /// All prompts in the order of the classes.
  public var all: [String] { prompts.flatMap { $0 } }
}
