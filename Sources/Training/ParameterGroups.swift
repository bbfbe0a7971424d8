import Neural
import Platform

/// Parts of a model, named by the beginning of their weights' names, that train in their own way.
enum ParameterGroups {
  /// Makes the parts called `prefixes` not trainable.
  ///
  /// - Throws: `Fault` where a prefix names nothing, or nothing is left to train.
  static func freeze(_ parameters: [Parameter], _ prefixes: [String]) throws {
    for prefix in prefixes {
      for parameter in try group(prefix, of: parameters, option: "freeze") {
        parameter.isTrainable = false
      }
    }
    guard parameters.contains(where: \.isTrainable) else {
      throw Fault(.usage, "freeze leaves nothing to train", remedy: "leave some part out of it")
    }
  }

  /// Exempts biases, normalisations and other vectors from weight decay.
  static func spareVectors(_ parameters: [Parameter]) {
    for parameter in parameters where parameter.value.shape.count < 2 { parameter.decays = false }
  }

  /// Gives the parts their factors on the learning rate; the longest name that fits counts.
  ///
  /// - Throws: `Fault` where a name names nothing.
  static func scaleRates(_ parameters: [Parameter], _ factors: [String: Double]) throws {
    let byLength = factors.sorted { ($0.key.count, $0.key) < ($1.key.count, $1.key) }
    for (prefix, factor) in byLength {
      for parameter in try group(prefix, of: parameters, option: "rate_factors") {
        parameter.learningRateFactor = factor
      }
    }
  }

  private static func group(
    _ prefix: String, of parameters: [Parameter], option: String
  ) throws -> [Parameter] {
    let group = parameters.filter { $0.name == prefix || $0.name.hasPrefix(prefix + ".") }
    guard group.isEmpty else { return group }
    let words = Set(parameters.flatMap { beginnings(of: $0.name) })
    let near = nearestWord(to: prefix, among: words.sorted())
    throw Fault(
      .usage, "\(option) names '\(prefix)', but no weights are called so",
      remedy: near.map { "did you mean '\($0)'?" } ?? "name a part such as encoder.layer1")
  }

  private static func beginnings(of name: String) -> [String] {
    let parts = name.split(separator: ".")
    return parts.indices.map { parts[...$0].joined(separator: ".") }
  }
}
