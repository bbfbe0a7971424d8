import Artifacts
import Platform

/// A tensor under its canonical name, made of one or several tensors of a file.
public struct ImportedTensor: Sendable {
  public let name: String
  public let shape: [Int]
  let sources: [NameMatch.Source]

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// Whether `withFloats` gives the file's own memory.
  public var isViewOfFile: Bool {
    sources.count == 1 && sources[0].rearrangement == .none && sources[0].tensor.isViewOfFile
  }

  /// The elements in row order.
  /// - Throws: `Fault` where a compressed entry is damaged.
  public func floats() throws -> [Float] {
    if sources.count == 1 {
      let source = sources[0]
      guard source.rearrangement == .reversed else { return try source.tensor.floats() }
      return try source.tensor.reversed().floats()
    }
    return try sources.sorted { $0.part < $1.part }.flatMap { try $0.tensor.floats() }
  }

  /// Calls `body` with the elements in row order; without a copy where `isViewOfFile`.
  public func withFloats<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) throws -> R {
    if isViewOfFile { return try sources[0].tensor.withFloats(body) }
    return try floats().withUnsafeBufferPointer(body)
  }
}

/// The weights of a known architecture, under canonical names, from any form of file.
public struct ImportedWeights: Sendable {
  public let architecture: Architecture
  /// The properties of the network that follow from the shapes: depths, widths, heads.
  public let configuration: [String: JSONValue]
  /// In canonical order.
  public let tensors: [ImportedTensor]
  /// The file they come from.
  public let file: WeightFile
  /// The wrapper that was stripped: `state_dict.module.`.
  public let prefix: String
  /// Tensors that were left out, with the reason.
  public let unused: [(name: String, reason: String)]
  private let byName: [String: Int]

  /// Opens a file, a folder or an artifact of `ferry-import`.
  ///
  /// - Parameters:
  ///   - prefix: the wrapper before the names; nil to find it.
  ///   - dropUnexpected: leave out tensors that the architecture does not have.
  /// - Throws: `Fault` listing every missing, unexpected and misshaped tensor.
  public static func open(
    _ path: String, as architecture: Architecture, prefix: String? = nil,
    dropUnexpected: Bool = false
  ) throws -> ImportedWeights {
    try ImportedWeights(
      try WeightFile.open(path), as: architecture, prefix: prefix, dropUnexpected: dropUnexpected)
  }

  /// Matches the tensors of an open file.
  public init(
    _ file: WeightFile, as architecture: Architecture, prefix: String? = nil,
    dropUnexpected: Bool = false
  ) throws {
    let match = try NameMatch(file, architecture, prefix: prefix)
    let (shapes, broken) = match.shapes()
    let layout = architecture.table.layout(shapes)
    var problems = broken
    let expected = Set(layout.tensors.map(\.name))
    for (name, shape) in layout.tensors {
      guard let found = shapes[name] else {
        if let reason = match.unreadable[name] {
          problems.append(reason)
        } else if !layout.optional.contains(name) {
          problems.append("'\(name)' \(shape) is missing")
        }
        continue
      }
      if found != shape { problems.append("'\(name)' has the shape \(found), expected \(shape)") }
    }
    var unused = match.unused
    let strangers =
      match.unexpected
      + match.sources.filter { !expected.contains($0.key) }.flatMap { $0.value.map(\.tensor.name) }
    if dropUnexpected {
      unused += strangers.sorted().map { ($0, "unexpected") }
    } else {
      problems += strangers.sorted().map { "'\($0)' is unexpected" }
    }
    if let objection = layout.objection { problems.insert(objection, at: 0) }
    guard problems.isEmpty else {
      throw ForeignNetworks.fault(file, architecture) ?? Self.fault(problems, file, architecture)
    }
    self.architecture = architecture
    self.file = file
    self.unused = unused
    self.prefix = match.prefix
    configuration = layout.configuration
    tensors = layout.tensors.compactMap { name, shape in
      match.sources[name].map { ImportedTensor(name: name, shape: shape, sources: $0) }
    }
    byName = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { ($1.name, $0) })
  }

  public subscript(name: String) -> ImportedTensor? { byName[name].map { tensors[$0] } }

  private static func fault(
    _ problems: [String], _ file: WeightFile, _ architecture: Architecture
  ) -> Fault {
    let shown = problems.prefix(200).map { "\n  \($0)" }.joined()
    let more = problems.count > 200 ? "\n  and \(problems.count - 200) more" : ""
    return Fault(
      .badInput,
      "the weights are not those of \(architecture.name): \(problems.count) problems\(shown)"
        + more, at: .init(file.path))
  }
}

extension WeightTensor {
  /// The same elements with the axes in reverse order.
  func reversed() throws -> WeightTensor {
    try WeightTensor(
      name: name, type: type, shape: shape.reversed(), strides: strides.reversed(), offset: offset,
      isBigEndian: isBigEndian, bytes: bytes, file: name)
  }
}
