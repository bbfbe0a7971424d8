import Artifacts

/// Public weights that Ferry knows by name: where they are, under which licence, and for those
/// behind a form how to obtain them.
public struct KnownWeights: Sendable {
  /// A file whose bytes are known by digest.
  public struct Pinned: Sendable {
    public var url: String
    public var sha256: String
    public var size: Int?
  }
  /// What `ferry-fetch run --set known=[NAME]` takes.
  public var name: String
  public var summary: String
  /// The architecture to give to `ferry-import`; nil for a vocabulary.
  public var encoder: Architecture?
  public var licence: String
  /// Empty where Ferry cannot fetch it.
  public var files: [Pinned]
  /// How a person obtains it, where `files` is empty.
  public var how: String?

  /// The entry that has a file with this digest.
  public static func holding(_ digest: Digest) -> KnownWeights? {
    catalogue.first { $0.files.contains { $0.sha256 == digest.hex } }
  }

  private static let clip = "https://openaipublic.azureedge.net/clip/models/"
  private static let mtcnn =
    "https://raw.githubusercontent.com/timesler/facenet-pytorch/master/data/"

  /// One entry a set of weights. Digests were taken from the files themselves or from their
  /// owners' published ones; an entry without them says how to obtain the file.
  public static let catalogue: [KnownWeights] = fetched + asked

  private static let fetched: [KnownWeights] = [
    openAI(
      "clip-vit-b-32", "ViT-B-32.pt", .vitB32,
      "40d365715913c9da98579312b702a82c18be219cc2a73407c4526f58eba950af", 353_976_522),
    openAI(
      "clip-vit-b-16", "ViT-B-16.pt", .vitB16,
      "5806e77cd80f8b59890b7e101eabd078d9fb84e6937f9e85e4ecb61988df416f", nil),
    openAI(
      "clip-vit-l-14", "ViT-L-14.pt", .vitL14,
      "b8cca3fd41ae0c99ba7e8951adf17d267cdb84cd88be6f7c2e0eca1737a03836", nil),
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
      encoder: .mtcnn, licence: "MIT (Timothy Esler; David Sandberg)",
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
    torchvision(
      "resnet18-imagenet", "resnet18-f37072fd.pth", .resnet18,
      "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 46_830_571),
    torchvision(
      "resnet50-imagenet", "resnet50-0676ba61.pth", .resnet50,
      "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 102_530_333),
  ]

  private static func openAI(
    _ name: String, _ file: String, _ encoder: Architecture, _ digest: String, _ size: Int?
  ) -> KnownWeights {
    KnownWeights(
      name: name, summary: "CLIP \(file.dropLast(3)), both towers (TorchScript)", encoder: encoder,
      licence: "MIT (OpenAI); read its model card on what it is not meant for",
      files: [Pinned(url: "\(clip)\(digest)/\(file)", sha256: digest, size: size)])
  }

  private static func torchvision(
    _ name: String, _ file: String, _ encoder: Architecture, _ digest: String, _ size: Int
  ) -> KnownWeights {
    KnownWeights(
      name: name, summary: "\(encoder.rawValue) trained on ImageNet-1k (torchvision)",
      encoder: encoder, licence: "BSD-3-Clause (torchvision); ImageNet's terms are its own",
      files: [
        Pinned(url: "https://download.pytorch.org/models/\(file)", sha256: digest, size: size)
      ])
  }

  private static let asked: [KnownWeights] = [
    byHand(
      "resnet34-imagenet", "resnet34 trained on ImageNet-1k (torchvision)", .resnet34,
      "BSD-3-Clause (torchvision)",
      "https://download.pytorch.org/models/resnet34-b627a593.pth; the name ends with the first "
        + "eight digits of its SHA-256"),
    byHand(
      "resnet18-msceleb", "resnet18 trained on MS-Celeb-1M faces", .resnet18,
      "none stated; the dataset was withdrawn by its owner",
      "the link in the README of the DAN, SCN or EAC repositories: a shared drive's page"),
    byHand(
      "swin-t-face", "Swin-T trained on faces, patch 2, input 112", .swinTFace,
      "none stated for the weights",
      "the link in the README of the method's published code: a shared drive's page; the file holds "
        + "state_dict_backbone"),
    byHand(
      "swin-t-imagenet", "Swin-T trained on ImageNet-1k", .swinT, "MIT (Microsoft)",
      "swin_tiny_patch4_window7_224.pth from the releases of microsoft/Swin-Transformer, or "
        + "timm/swin_tiny_patch4_window7_224.ms_in1k"),
    byHand(
      "align-base", "ALIGN's text tower", .align, "see the model's page (Kakao Brain)",
      "the folder of kakaobrain/align-base: model.safetensors or pytorch_model.bin, and vocab.txt"),
    byHand(
      "blip-itm-base", "BLIP's text encoder", .blip, "BSD-3-Clause (Salesforce)",
      "the folder of Salesforce/blip-itm-base-coco: model.safetensors or pytorch_model.bin, and "
        + "vocab.txt"),
    byHand(
      "minilm-l6-v2", "the sentence encoder all-MiniLM-L6-v2", .sentence, "Apache-2.0",
      "the folder of sentence-transformers/all-MiniLM-L6-v2: model.safetensors and vocab.txt"),
  ]

  private static func byHand(
    _ name: String, _ summary: String, _ encoder: Architecture, _ licence: String, _ how: String
  ) -> KnownWeights {
    KnownWeights(
      name: name, summary: summary, encoder: encoder, licence: licence, files: [], how: how)
  }
}
