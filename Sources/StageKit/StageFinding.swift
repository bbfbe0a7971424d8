import ArgumentParser
import Artifacts

/// A fact about a stage on this machine that `ferry doctor` shows.
public struct StageFinding: Sendable, Equatable {
  /// A word or two: `kernels`.
  public var subject: String
  public var isGood: Bool
  public var text: String
  /// What to do about a finding that is not good.
  public var remedy: String?

  public init(_ subject: String, isGood: Bool = true, _ text: String, remedy: String? = nil) {
    self.subject = subject
    self.isGood = isGood
    self.text = text
    self.remedy = remedy
  }

  /// The kernels of a stage that computes; `problem` says why a wish was not followed.
  public static func kernels(_ summary: String, library: String, problem: String?) -> StageFinding {
    StageFinding("kernels", isGood: problem == nil, "\(summary) (\(library))", remedy: problem)
  }

  var json: JSONValue {
    [
      "subject": .string(subject), "good": .bool(isGood), "text": .string(text),
      "remedy": remedy.map { .string($0) } ?? .null,
    ]
  }
}

/// `ferry-<stage> examine`: the stage's findings as a JSON array, for `ferry doctor`.
struct ExamineCommand<S: Stage>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "examine", abstract: "Print what the stage uses on this machine, as JSON.")
  }

  func run() throws { print(JSONValue.array(S.examination().map(\.json)).canonical) }
}
