import Artifacts
import Platform

/// The files of a text encoder: weights and vocabulary.
package struct TextEncoderFiles {
  private let kind: TextEncoderKind
  package let file: SafetensorsFile
  /// The path of the vocabulary file.
  package let vocabulary: String
  /// `config.json` beside the weights, where there is one.
  package let configuration: JSONValue?

  private static let modelName = "model.safetensors"

  /// - Parameters:
  ///   - path: a safetensors file, or a folder (also a model artifact) with one.
  ///   - vocabulary: a vocabulary file or a folder with one; nil looks beside the weights, where they
  ///     are a folder.
  /// - Throws: `Fault` that says which file is wanted and where from.
  init(_ kind: TextEncoderKind, weights path: String, vocabulary: String?) throws {
    self.kind = kind
    let isFolder = Files.isDirectory(path)
    let model = isFolder ? try Self.model(in: path, kind) : path
    guard Files.status(model)?.kind == .file else {
      throw Fault(.missingInput, "there are no weights at '\(path)'", remedy: kind.whereFrom)
    }
    guard model.hasSuffix(".safetensors") else {
      throw Fault(
        .badInput, "'\(model)' is not a safetensors file",
        remedy: "ferry-import run --in files=\(Files.name(of: path)) --out model=DIR "
          + "--set encoder=\(kind.name) makes one")
    }
    file = try SafetensorsFile(model)
    guard let folder = vocabulary ?? (isFolder ? path : nil) else {
      throw Fault(
        .usage, "a file of weights alone has no vocabulary",
        remedy: "add --in vocabulary=PATH: \(kind.vocabularyWanted)")
    }
    self.vocabulary = try Self.vocabulary(at: folder, kind)
    let beside = Files.join(path, "config.json")
    configuration =
      isFolder && Files.exists(beside) ? try JSONValue.read(beside, limit: 1 << 20) : nil
  }

  private static func model(in folder: String, _ kind: TextEncoderKind) throws -> String {
    let found = try Files.list(folder).filter { $0.hasSuffix(".safetensors") }.sorted()
    if found.contains(modelName) { return Files.join(folder, modelName) }
    guard found.count == 1 else {
      throw Fault(
        .missingInput,
        found.isEmpty
          ? "the folder '\(folder)' holds no \(modelName)"
          : "the folder '\(folder)' holds several safetensors files and no \(modelName)",
        remedy: kind.whereFrom)
    }
    return Files.join(folder, found[0])
  }

  private static func vocabulary(at path: String, _ kind: TextEncoderKind) throws -> String {
    if Files.status(path)?.kind == .file { return path }
    for name in kind.vocabularyNames where Files.exists(Files.join(path, name)) {
      return Files.join(path, name)
    }
    throw Fault(
      .missingInput, "there is no vocabulary in '\(path)'",
      remedy: "put it there, or add --in vocabulary=PATH: \(kind.vocabularyWanted)")
  }

  /// The prefix that the file puts before a tensor's name.
  /// - Throws: `Fault` where no tensor has that name.
  package func prefix(of mark: String) throws -> String {
    let prefixes = file.entries.map(\.name)
      .filter { $0 == mark || $0.hasSuffix("." + mark) }.map { String($0.dropLast(mark.count)) }
    guard let prefix = prefixes.min(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) else {
      throw Fault(
        .badInput, "the weights have no tensor '\(mark)'", at: .init(file.path),
        remedy: "weights under other names: ferry-import run --in files=FILE --out model=DIR "
          + "--set encoder=\(kind.name)")
    }
    return prefix
  }
}
