import Artifacts
import Language
import Methods

/// The parameters and ports of `ferry-embed`.
enum EmbedContract {
  static let contract = Contract(
    name: "embed", revision: 4,
    summary: "Embed the class names, as a frozen text encoder sees them.",
    parameters: encoder + prompts,
    inputs: [
      ContractPort(
        "weights", optional: true,
        help: "A text encoder's weights: what ferry-import makes, or a folder with safetensors and "
          + "vocabulary. For encoder file: a safetensors file with 'text' [K, d] and 'classes' in its "
          + "metadata, or a folder with embeddings.safetensors."),
      ContractPort(
        "vocabulary", kind: "files", optional: true,
        help: "The encoder's vocabulary where it does not lie beside the weights: "
          + "bpe_simple_vocab_16e6.txt.gz, vocab.json with merges.txt, or vocab.txt."),
    ],
    outputs: [
      ContractPort("embeddings", help: "Raw embeddings of the classes, with their prompts.")
    ]
  )

  private static let withActivation = TextEncoderCatalogue.standard.kinds
    .filter(\.takesActivation).map(\.name).joined(separator: ", ")

  private static let encoder = [
    ContractParameter(
      "encoder",
      .choice(["circumplex", "file"] + TextEncoderCatalogue.standard.names), default: .null,
      help:
        "circumplex: numbers from published studies of affect and facial action, a stand-in that "
        + "needs no weights; file: embeddings made elsewhere; "
        + "\(TextEncoderCatalogue.standard.summary). null: what imported weights say, "
        + "and circumplex without weights."),
    ContractParameter(
      "activation", .choice(["quick-gelu", "gelu"]), default: .null,
      help: "Of encoder \(withActivation); null: quick-gelu, as in OpenAI's weights. "
        + "LAION's take gelu."),
    ContractParameter(
      "heads", .integer, default: .null, minimum: 1, maximum: 256,
      help: "Attention heads where they do not follow from the weights; null: config.json's, else "
        + "one a 64 of the width, twelve in BERTs of width 312 and 384."),
    ContractParameter(
      "width", .integer, default: .integer(Circumplex.width), minimum: 128, maximum: 1024,
      help: "Numbers a class of the circumplex: "
        + Circumplex.widths.map(String.init).joined(separator: ", ")
        + ". An encoder of the same width needs no trained layer in between (resnet18: 512 times "
        + "its width)."),
  ]

  private static let prompts = [
    ContractParameter(
      "classes", .list(.string), default: .null,
      help: "The classes to embed; null: the seven basic ones, or all classes of the file."),
    ContractParameter(
      "template", .either([.string, .list(.string)]), default: "person-making",
      help: "The prompt, or a list of them for an ensemble: "
        + PromptTemplate.names.joined(separator: ", ")
        + ", or a sentence with {noun} or {adjective} in it, and {a} for the article."),
    ContractParameter(
      "words", .map, default: [:],
      help: "Nouns of a class, one or a list, where its name is not to be used: "
        + "{happiness: [joy, happiness]}. Every template is filled with every noun."),
    ContractParameter(
      "adjectives", .map, default: [:],
      help: "A class's adjective for {adjective}; the basic expressions have theirs."),
    ContractParameter(
      "ensemble", .choice(TextEmbedding.Ensemble.allCases.map(\.rawValue)), default: "normalised",
      help: "How a class with several prompts scores: normalised, by the mean of the embeddings "
        + "brought to length 1; raw, by their plain mean; logits, by the mean of the prompts' own "
        + "logits; nearest, by the prompt that is nearest to the face. The last two take every "
        + "prompt's embedding into the model. All prompts' own embeddings are kept beside it."),
  ]
}
