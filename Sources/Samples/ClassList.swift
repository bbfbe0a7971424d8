import Artifacts
import Platform

/// The ordered class names that labels of a dataset, a model or an evaluation refer to.
public struct ClassList: Sendable, Equatable {
  public let names: [String]

  /// The seven basic classes, without contempt.
  public static let seven = ClassList(Expression.allCases.dropLast())

  /// All eight.
  public static let eight = ClassList(Expression.allCases)

  /// A list of expressions in the order given.
  public init(_ expressions: some Sequence<Expression>) { names = expressions.map(\.name) }

  /// Creates a list from words: a synonym becomes the canonical name, other words stay.
  ///
  /// - Throws: `Fault` where the list is empty, or names a class twice (also by synonyms).
  public init(words: [String], at place: Fault.Place? = nil) throws {
    let names = words.map { Expression(name: $0)?.name ?? $0 }
    guard !names.isEmpty else { throw Fault(.badInput, "the class list is empty", at: place) }
    for (index, name) in names.enumerated() where names[..<index].contains(name) {
      throw Fault(
        .badInput, "the class list names '\(name)' twice (as '\(words[index])')", at: place,
        remedy: "name each class once")
    }
    if names.contains("") { throw Fault(.badInput, "a class has an empty name", at: place) }
    self.names = names
  }

  /// Creates a list of exactly these names, in the canonical order: expressions first, then other
  /// names by their bytes.
  public static func inCanonicalOrder(_ names: some Sequence<String>) throws -> ClassList {
    let unique = Set(names)
    let known = Expression.allCases.map(\.name).filter(unique.contains)
    let others = unique.subtracting(known).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return try ClassList(exactly: known + others)
  }

  /// Creates a list of names that are kept as they are.
  public init(exactly names: [String]) throws {
    guard !names.isEmpty, Set(names).count == names.count, !names.contains("") else {
      throw Fault(.badInput, "class names must be there, unique and not empty: \(names)")
    }
    if let name = names.first(where: { $0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }) {
      throw Fault(.badInput, "the class name \(name.debugDescription) has control characters")
    }
    self.names = names
  }

  public var count: Int { names.count }

  public subscript(index: Int) -> String { names[index] }

  /// The index of an exact name.
  public func index(of name: String) -> Int? { names.firstIndex(of: name) }

  /// The index of a name or a synonym of one, in any case.
  public func index(ofWord word: String) -> Int? {
    if let exact = index(of: word) { return exact }
    if let expression = Expression(name: word) { return index(of: expression.name) }
    let lower = word.lowercased()
    return names.firstIndex { $0.lowercased() == lower }
  }

  /// The index of a name or a synonym.
  ///
  /// - Throws: `Fault` that names the nearest valid word.
  public func require(_ word: String, at place: Fault.Place? = nil) throws -> Int {
    if let index = index(ofWord: word) { return index }
    let near = nearestWord(to: word.lowercased(), among: vocabulary)
    throw Fault(
      .badInput, "'\(word)' is not a class of this dataset", at: place,
      remedy: (near.map { "did you mean '\($0)'? " } ?? "") + "the classes are \(self)")
  }

  private var vocabulary: [String] {
    names + names.compactMap { Expression(name: $0) }.flatMap(\.synonyms).filter { $0.count > 3 }
  }

  /// Checks that two lists agree in names and order.
  ///
  /// - Throws: `Fault` that names both lists.
  public func requireSame(as other: ClassList, _ mine: String, _ theirs: String) throws {
    guard self != other else { return }
    let sameSet = Set(names) == Set(other.names)
    throw Fault(
      .badInput,
      "the classes of \(mine) (\(self)) differ from those of \(theirs) (\(other))"
        + (sameSet ? " in their order" : ""),
      remedy: "use data of the same classes, or a protocol that states the intersection")
  }

  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    guard let names = json.strings else {
      throw Fault(.badInput, "the class list is \(json.kindName), not a list of names", at: place)
    }
    do { try self.init(exactly: names) } catch let fault as Fault {
      throw place.map(fault.located) ?? fault
    }
  }

  public var json: JSONValue { JSONValue(names) }
}

extension ClassList: CustomStringConvertible {
  public var description: String { names.joined(separator: ", ") }
}
