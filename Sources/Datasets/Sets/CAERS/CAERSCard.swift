import Samples

extension DatasetCard {
  static let caerS = DatasetCard(
    name: "caer-s", title: "CAER-S",
    citation:
      "J. Lee, S. Kim, S. Kim, J. Park, K. Sohn: Context-Aware Emotion Recognition Networks. "
      + "ICCV 2019, 10143-10152",
    url: "https://caer-dataset.github.io",
    terms: "Non-commercial research; the frames come from television series and may not be "
      + "passed on.",
    needsAcceptance: true)
}
