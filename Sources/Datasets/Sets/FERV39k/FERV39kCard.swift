import Samples

extension DatasetCard {
  static let ferv39k = DatasetCard(
    name: "ferv39k", title: "FERV39k",
    citation:
      "Y. Wang and others: FERV39k: A Large-Scale Multi-Scene Dataset for Facial Expression "
      + "Recognition in Videos. CVPR 2022, 20922-20931",
    url: "https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html",
    terms: "Non-commercial research by those who signed the agreement; the clips may not be passed "
      + "on.",
    needsAcceptance: true)
}
