import Samples

extension DatasetCard {
  static let mafw = DatasetCard(
    name: "mafw", title: "MAFW",
    citation:
      "Y. Liu and others: MAFW: A Large-scale, Multi-modal, Compound Affective Database for "
      + "Dynamic Facial Expression Recognition in the Wild. ACM Multimedia 2022, 24-32",
    url: "https://mafw-database.github.io/MAFW",
    terms: "Non-commercial research by those who signed the agreement; the clips may not be passed "
      + "on.",
    needsAcceptance: true)
}
