import Artifacts
import Neural
import Platform

/// The methods that models are trained with, by name.
public struct MethodCatalogue: Sendable {
  public let kinds: [MethodKind]

  public init(_ kinds: [MethodKind]) { self.kinds = kinds }

  /// Every method of this room: each is a folder of it, and a term here.
  public static let standard = MethodCatalogue([DiscreteObjective.kind, KnowledgeObjective.kind])

  /// The method that ferry-train takes where none is named.
  public static let defaultName = KnowledgeObjective.kind.name

  public var names: [String] { kinds.map(\.name) }

  public subscript(name: String) -> MethodKind? { kinds.first { $0.name == name } }

  /// All parameters of all methods, each once.
  ///
  /// Methods that share a parameter's name share its declaration.
  public var parameters: [ContractParameter] {
    var found: [ContractParameter] = []
    for parameter in kinds.flatMap(\.parameters)
    where !found.contains(where: { $0.name == parameter.name }) {
      found.append(parameter)
    }
    return found
  }

  /// The name that reports use for a method; an unknown one's own.
  public func title(_ name: String) -> String { self[name]?.title ?? name }

  /// The method that a stored model was trained with.
  ///
  /// - Throws: `Fault` for a method that this program does not know.
  public func kind(of description: ModelDescription, at path: String) throws -> MethodKind {
    if let kind = self[description.method] { return kind }
    throw Fault(
      .badInput, "the model was trained with the method '\(description.method)'",
      at: .init(path), remedy: "this Ferry knows \(names.joined(separator: ", "))")
  }
}
