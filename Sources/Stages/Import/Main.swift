import Artifacts
import Networks
import Platform
import StageKit
import Weights

/// Turns weights as they are handed out into a model artifact with canonical names.
@main struct Import: Stage {
  static let contract = Contract(
    name: "import", revision: 2,
    summary: "Read .safetensors, .pth, .npz or .npy weights into a model artifact.",
    parameters: [
      ContractParameter(
        "encoder", .choice(Architecture.all.map(\.name)), default: nil,
        help: "The architecture that the weights belong to."),
      ContractParameter(
        "prefix", .string, default: .null,
        help: "The wrapper before the names, 'state_dict.module.'; by default it is found."),
      ContractParameter(
        "unexpected", .choice(["refuse", "drop"]), default: "refuse",
        help: "What to do with tensors that the architecture does not have."),
      ContractParameter(
        "known", .string, default: .null,
        help: "The weights' name in ferry-fetch list: says how their pictures were prepared, where "
          + "that differs from the encoder's other weights."),
      ContractParameter(
        "licence", .string, default: .null,
        help: "The weights' licence, kept in the artifact; known files have it already."),
    ],
    inputs: [
      ContractPort(
        "files", help: "A file, or a folder with weights and, for text encoders, vocabulary files.")
    ],
    outputs: [ContractPort("model", help: "model.safetensors, and vocabulary files if there were.")]
  )

  static var verbs: [any ParsableCommand.Type] { [InspectCommand.self] }

  static func run(_ context: StageContext) throws {
    let path = context.input("files")
    let encoder = Architecture.named(context.parameters.string("encoder")) ?? .clip
    let known = try context.parameters.optionalString("known").map { try KnownWeights.named($0) }
    if let known, known.encoder != encoder.name {
      throw Fault(
        .usage, "the weights '\(known.name)' are not those of \(encoder.name)",
        remedy: known.encoder.map { "set encoder=\($0)" })
    }
    let weights = try open(path, as: encoder, context)
    guard Files.isDirectory(path) || ![.shards, .rawFloats].contains(weights.file.format) else {
      throw Fault(
        .usage, "'\(path)' only names the files that hold the weights",
        remedy: "give their folder, \(Files.parent(of: path)), so that all of them count")
    }
    for (name, reason) in weights.unused.prefix(20) { context.note("left out \(name): \(reason)") }
    if weights.unused.count > 20 {
      context.note("left out \(weights.unused.count - 20) more tensors")
    }
    if !weights.file.opaque.isEmpty {
      context.note(
        "not executed, and left out: \(weights.file.opaque.joined(separator: ", "))")
    }
    let description = try describe(weights, known, context)
    try weights.write(
      to: Files.join(context.output("model"), ImportedWeights.fileName),
      namePrefix: encoder.publishedPrefix, turnsColours: known?.input?.isBlueFirst ?? false,
      description: description
    ) { done in
      try context.checkCancellation()
      context.progress(done, of: weights.tensors.count, unit: "tensors")
    }
    try Vocabulary.copy(from: path, to: context.output("model"))
    try context.seal(
      "model", rows: ["tensors": weights.tensors.count], metadata: description)
  }

  /// Matches the file's tensors; where they are another network's that Ferry has, the fault says so.
  private static func open(
    _ path: String, as encoder: Architecture, _ context: StageContext
  ) throws -> ImportedWeights {
    let file = try WeightFile.open(path)
    let prefix = context.parameters.optionalString("prefix")
    do {
      return try ImportedWeights(
        file, as: encoder, prefix: prefix,
        dropUnexpected: context.parameters.string("unexpected") == "drop")
    } catch let fault as Fault {
      let fitting = Architecture.all.filter {
        (try? ImportedWeights(file, as: $0, prefix: prefix)) != nil
      }
      guard !fitting.isEmpty else { throw fault }
      throw Fault(
        .badInput,
        "the file holds \(fitting.map(\.name).joined(separator: " or ")), not \(encoder.name)",
        at: .init(path), remedy: "set encoder=\(fitting[0].name)")
    }
  }

  /// What the artifact says of itself: enough to build the network, and where it came from.
  private static func describe(
    _ weights: ImportedWeights, _ known: KnownWeights?, _ context: StageContext
  ) throws -> JSONValue {
    let source = context.input("files")
    let digest = try ContentDigest.of(source, threads: context.threads)
    let licence =
      try context.parameters.optionalString("licence") ?? known?.licence
      ?? knownLicence(source)
    if licence == nil {
      context.note("the weights' licence is not recorded: set licence to what their owners say")
    }
    var description: [String: JSONValue] = [
      "architecture": .string(weights.architecture.name),
      "configuration": .object(weights.configuration),
      "elements": .integer(weights.tensors.reduce(0) { $0 + $1.count }),
      "source": [
        "name": .string(Files.name(of: source)), "sha256": .string(digest.hex),
        "format": .string(weights.file.format.rawValue), "prefix": .string(weights.prefix),
      ],
      "licence": licence.map { .string($0) } ?? .null,
    ]
    if let known { description["known"] = .string(known.name) }
    if let input = known?.input { description["input"] = input.json }
    return .object(description)
  }
}

extension Import {
  /// The licence of a file that the catalogue has by its digest.
  private static func knownLicence(_ source: String) throws -> String? {
    let files = Files.isDirectory(source) ? try ContentDigest.filesBelow(source) : [""]
    for name in files.prefix(16) {
      let path = name.isEmpty ? source : Files.join(source, name)
      if let known = KnownWeights.holding(try Digest(ofFile: path)), known.encoder != nil {
        return known.licence
      }
    }
    return nil
  }
}

/// Vocabulary files of text encoders, carried beside the weights.
enum Vocabulary {
  static let names = [
    "bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt", "vocab.json", "merges.txt",
    "vocab.txt", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
    "config.json",
  ]
  static let limit = 64 << 20

  /// Copies the vocabulary files that lie in the folder `source`.
  static func copy(from source: String, to target: String) throws {
    guard Files.isDirectory(source) else { return }
    for name in names {
      let path = Files.join(source, name)
      guard Files.status(path)?.kind == .file else { continue }
      try Files.write(
        try Files.read(path, limit: limit), to: Files.join(target, name), durable: true)
    }
  }
}
