import Samples

extension DatasetCard {
  static let dfew = DatasetCard(
    name: "dfew", title: "DFEW",
    citation:
      "X. Jiang and others: DFEW: A Large-Scale Database for Recognizing Dynamic Facial "
      + "Expressions in the Wild. ACM Multimedia 2020, 2881-2889",
    url: "https://dfew-dataset.github.io",
    terms: "Non-commercial research by those who signed the agreement; the clips come from films "
      + "and may not be passed on.",
    needsAcceptance: true)
}
