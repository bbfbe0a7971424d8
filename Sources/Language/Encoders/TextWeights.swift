import Artifacts
import Platform

/// The files of a text encoder: weights and vocabulary.
struct TextWeights {
  let file: SafetensorsFile
  let vocabulary: String
  /// `config.json` beside the weights, where there is one.
  let configuration: JSONValue?

  private static let modelName = "model.safetensors"

  /// - Parameters:
  ///   - path: a safetensors file, or a folder (also a model artifact) with one.
  ///   - vocabulary: a vocabulary file or a folder with one; nil looks beside the weights, where they
  ///     are a folder.
  /// - Throws: `Fault` that says which file is wanted and where from.
  init(_ kind: TextEncoder.Kind, weights path: String, vocabulary: String?) throws {
    let isFolder = Files.isDirectory(path)
    let model = isFolder ? try Self.model(in: path, kind) : path
    guard Files.status(model)?.kind == .file else {
      throw Fault(.missingInput, "there are no weights at '\(path)'", remedy: kind.whereFrom)
    }
    guard model.hasSuffix(".safetensors") else {
      throw Fault(
        .badInput, "'\(model)' is not a safetensors file",
        remedy: "ferry-import run --in files=\(Files.name(of: path)) --out model=DIR "
          + "--set encoder=\(kind.rawValue) makes one")
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

  private static func model(in folder: String, _ kind: TextEncoder.Kind) throws -> String {
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

  private static func vocabulary(at path: String, _ kind: TextEncoder.Kind) throws -> String {
    if Files.status(path)?.kind == .file { return path }
    for name in kind.vocabularyNames where Files.exists(Files.join(path, name)) {
      return Files.join(path, name)
    }
    throw Fault(
      .missingInput, "there is no vocabulary in '\(path)'",
      remedy: "put it there, or add --in vocabulary=PATH: \(kind.vocabularyWanted)")
  }

  /// What stands before a tensor's name in this file.
  func prefix(of mark: String, _ kind: TextEncoder.Kind) throws -> String {
    let prefixes = file.entries.map(\.name)
      .filter { $0 == mark || $0.hasSuffix("." + mark) }.map { String($0.dropLast(mark.count)) }
    guard let prefix = prefixes.min(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) else {
      throw Fault(
        .badInput, "the weights have no tensor '\(mark)'", at: .init(file.path),
        remedy: "weights under other names: ferry-import run --in files=FILE --out model=DIR "
          + "--set encoder=\(kind.rawValue)")
    }
    return prefix
  }
}

extension TextEncoder.Kind {
  /// Vocabulary files by name, the first that is there is taken.
  var vocabularyNames: [String] {
    self == .clip
      ? ["bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "vocab.json"] : ["vocab.txt"]
  }

  var vocabularyWanted: String {
    self == .clip
      ? "bpe_simple_vocab_16e6.txt.gz from the repository openai/CLIP, or vocab.json with merges.txt"
      : "vocab.txt from the model's own page"
  }

  /// Which weights are wanted and from where.
  public var whereFrom: String {
    let what =
      switch self {
      case .clip: "OpenAI's ViT-B-32.pt, ViT-B-16.pt or ViT-L-14.pt, or open_clip's"
      case .align: "ALIGN, as kakaobrain/align-base on Hugging Face"
      case .blip: "BLIP for retrieval, as Salesforce/blip-itm-base-coco on Hugging Face"
      case .sentence: "a BERT sentence encoder, as all-MiniLM-L6-v2 of sentence-transformers"
      }
    return
      "wanted: \(what), brought in by ferry-import run --in files=FOLDER --out model=DIR --set "
      + "encoder=\(rawValue), and its vocabulary: \(vocabularyWanted); 'ferry-fetch list' says where "
      + "they are. encoder=circumplex works offline, without weights"
  }
}
