import Artifacts

/// A stage's parameter values, read by name and type.
///
/// The contract has checked names and types before the stage runs, so asking for another type than
/// declared is a programmer's mistake.
public struct StageParameters: Sendable {
  public let values: [String: JSONValue]

  public init(_ values: [String: JSONValue]) { self.values = values }

  public subscript(name: String) -> JSONValue {
    guard let value = values[name] else { preconditionFailure("no parameter '\(name)'") }
    return value
  }

  public func string(_ name: String) -> String { require(self[name].string, name) }
  public func integer(_ name: String) -> Int { require(self[name].integer, name) }
  public func number(_ name: String) -> Double { require(self[name].number, name) }
  public func boolean(_ name: String) -> Bool { require(self[name].bool, name) }
  public func strings(_ name: String) -> [String] { require(self[name].strings, name) }

  /// The string, or nil where the value is null.
  public func optionalString(_ name: String) -> String? { self[name].string }
  public func optionalInteger(_ name: String) -> Int? { self[name].integer }
  public func optionalNumber(_ name: String) -> Double? { self[name].number }
  public func optionalStrings(_ name: String) -> [String]? { self[name].strings }

  private func require<T>(_ value: T?, _ name: String) -> T {
    guard let value else { preconditionFailure("the parameter '\(name)' has another type") }
    return value
  }
}
