import Artifacts

/// A method and the values of its parameters.
public struct MethodChoice: Sendable {
  public var kind: MethodKind
  public var values: MethodValues

  public init(kind: MethodKind, values: [String: JSONValue]) {
    self.kind = kind
    self.values = MethodValues(values)
  }
}

/// Values of parameters that a contract has checked: a name or a type that the contract does not
/// have is a mistake of the program.
public struct MethodValues: Sendable {
  private let values: [String: JSONValue]

  public init(_ values: [String: JSONValue]) { self.values = values }

  public subscript(name: String) -> JSONValue? { values[name] }

  public func number(_ name: String) -> Double { checked(name, values[name]?.number) }
  public func integer(_ name: String) -> Int { checked(name, values[name]?.integer) }
  public func string(_ name: String) -> String { checked(name, values[name]?.string) }
  public func map(_ name: String) -> [String: JSONValue] { checked(name, values[name]?.object) }

  private func checked<T>(_ name: String, _ value: T?) -> T {
    guard let value else { preconditionFailure("the contract does not check '\(name)'") }
    return value
  }
}
