import Artifacts

/// Public weights that Ferry knows by name: where they are, under which licence, and for those
/// behind a form how to obtain them.
public struct KnownWeights: Sendable {
  /// A file whose bytes are known by digest.
  public struct Pinned: Sendable {
    public var url: String
    public var sha256: String
    public var size: Int?

    package init(url: String, sha256: String, size: Int?) {
      self.url = url
      self.sha256 = sha256
      self.size = size
    }
  }
  /// The name to give to `ferry-fetch run --set known=[NAME]`.
  public var name: String
  public var summary: String
  /// The architecture's name to give to `ferry-import`; nil for a vocabulary.
  public var encoder: String?
  public var licence: String
  /// Empty where Ferry cannot fetch it.
  public var files: [Pinned]
  /// How a person obtains it, where `files` is empty.
  public var how: String?
  /// How pictures must be prepared; nil: as for the encoder's other weights.
  public var input: PublishedInput?

  /// A file that Ferry fetches, or several.
  package init(
    name: String, summary: String, encoder: String?, licence: String, files: [Pinned]
  ) {
    self.name = name
    self.summary = summary
    self.encoder = encoder
    self.licence = licence
    self.files = files
  }

  /// Weights that a person obtains by hand.
  package init(
    name: String, summary: String, encoder: String, licence: String, how: String,
    input: PublishedInput? = nil
  ) {
    self.init(name: name, summary: summary, encoder: encoder, licence: licence, files: [])
    self.how = how
    self.input = input
  }

  private static let mtcnn =
    "https://raw.githubusercontent.com/timesler/facenet-pytorch/master/data/"

  /// Those of text encoders and of the face detector, one entry a set of weights; visual encoders
  /// bring their own. Digests were taken from the files themselves or from their owners' published
  /// ones; an entry without them says how to obtain the file.
  public static let withoutEncoders: [KnownWeights] = [
    KnownWeights(
      name: "clip-vocabulary", summary: "CLIP's byte-pair vocabulary", encoder: nil,
      licence: "MIT (OpenAI)",
      files: [
        Pinned(
          url: "https://raw.githubusercontent.com/openai/CLIP/main/clip/"
            + "bpe_simple_vocab_16e6.txt.gz",
          sha256: "924691ac288e54409236115652ad4aa250f48203de50a9e4722a6ecd48d6804a",
          size: 1_356_917)
      ]),
    KnownWeights(
      name: "mtcnn", summary: "MTCNN's three networks, as facenet-pytorch has them",
      encoder: "mtcnn", licence: "MIT (Timothy Esler; David Sandberg)",
      files: [
        Pinned(
          url: mtcnn + "pnet.pt",
          sha256: "a2a71925e0b9996a42f63e47efc1ca19043e69558b5c523b978d611dfae49c8f", size: 28570),
        Pinned(
          url: mtcnn + "rnet.pt",
          sha256: "bbb937de72efc9ef83b186c49f5f558467a1d7e3453a8ece0d71a886633f6a86", size: 403_147),
        Pinned(
          url: mtcnn + "onet.pt",
          sha256: "165bfbe42940416ccfb977545cf0e976d5bf321f67083ae2aaaa5c764280118d",
          size: 1_559_269),
      ]),
    KnownWeights(
      name: "align-base", summary: "ALIGN's text tower", encoder: "align",
      licence: "see the model's page (Kakao Brain)",
      how: "the folder of kakaobrain/align-base: model.safetensors or pytorch_model.bin, and "
        + "vocab.txt"),
    KnownWeights(
      name: "blip-itm-base", summary: "BLIP's text encoder", encoder: "blip",
      licence: "BSD-3-Clause (Salesforce)",
      how: "the folder of Salesforce/blip-itm-base-coco: model.safetensors or pytorch_model.bin, "
        + "and vocab.txt"),
    KnownWeights(
      name: "minilm-l6-v2", summary: "the sentence encoder all-MiniLM-L6-v2", encoder: "sentence",
      licence: "Apache-2.0",
      how: "the folder of sentence-transformers/all-MiniLM-L6-v2: model.safetensors and vocab.txt"),
  ]
}
