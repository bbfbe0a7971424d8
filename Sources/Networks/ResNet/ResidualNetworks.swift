import Neural
import Weights

/// torchvision's residual networks without their classifiers; they take pictures of any size.
enum ResidualNetworks {
  static let kinds = [
    kind(
      "resnet18", "ResNet-18", .resnet18,
      published: [
        torchvision(
          "resnet18", "resnet18-f37072fd.pth",
          "f37072fd47e89c5e827621c5baffa7500819f7896bbacec160b1a16c560e07ec", 46_830_571),
        KnownWeights(
          name: "resnet18-msceleb", summary: "resnet18 trained on MS-Celeb-1M faces",
          encoder: "resnet18", licence: "none stated; the dataset was withdrawn by its owner",
          how:
            "resnet18_msceleb.pth, by the link in the README of the DAN, RUL or EAC repositories: a "
            + "shared drive's page", input: imageNet(isBlueFirst: false)),
        KnownWeights(
          name: "resnet18-msceleb-bgr",
          summary: "the same, for pictures with blue first, as Ada-CM uses it",
          encoder: "resnet18", licence: "none stated; the dataset was withdrawn by its owner",
          how: "resnet18_msceleb.pth, by the link in the README of the Ada-CM repository",
          input: imageNet(isBlueFirst: true)),
        KnownWeights(
          name: "resnet18-ijba",
          summary: "resnet18 trained on MS-Celeb-1M faces, values 0 to 1, as RAN uses it",
          encoder: "resnet18", licence: "none stated; the dataset was withdrawn by its owner",
          how: "ijba_res18_naive.pth.tar, by the link in the README of the RAN repository",
          input: PublishedInput(isBlueFirst: false, mean: [0, 0, 0], standardDeviation: [1, 1, 1])),
      ]),
    kind(
      "resnet34", "ResNet-34", .resnet34,
      published: [
        KnownWeights(
          name: "resnet34-imagenet", summary: "resnet34 trained on ImageNet-1k (torchvision)",
          encoder: "resnet34", licence: "BSD-3-Clause (torchvision)",
          how: "https://download.pytorch.org/models/resnet34-b627a593.pth; the name ends with the "
            + "first eight digits of its SHA-256")
      ]),
    kind(
      "resnet50", "ResNet-50", .resnet50,
      published: [
        torchvision(
          "resnet50", "resnet50-0676ba61.pth",
          "0676ba61b6795bbe1773cffd859882e5e297624d384b6993f7c9e683e722fb8a", 102_530_333)
      ]),
  ]

  private static func kind(
    _ name: String, _ title: String, _ depth: ResNet.Depth, published: [KnownWeights]
  ) -> EncoderKind {
    EncoderKind(
      name, title: title, channels: ("base_channels", 64),
      names: ResNetNames(depths: depth.blocks, isBottleneck: depth.bottleneck),
      published: published, export: ResNetExport()
    ) { options, generator in
      let layer = ResNet(
        depth, width: options.width, prefix: options.prefix, generator: &generator)
      return VisualEncoder(layer: layer, width: layer.featureCount)
    }
  }

  private static func imageNet(isBlueFirst: Bool) -> PublishedInput {
    PublishedInput(
      isBlueFirst: isBlueFirst, mean: [0.485, 0.456, 0.406],
      standardDeviation: [0.229, 0.224, 0.225])
  }

  private static func torchvision(
    _ encoder: String, _ file: String, _ digest: String, _ size: Int
  ) -> KnownWeights {
    KnownWeights(
      name: "\(encoder)-imagenet", summary: "\(encoder) trained on ImageNet-1k (torchvision)",
      encoder: encoder, licence: "BSD-3-Clause (torchvision); ImageNet's terms are its own",
      files: [
        .init(url: "https://download.pytorch.org/models/\(file)", sha256: digest, size: size)
      ])
  }
}
