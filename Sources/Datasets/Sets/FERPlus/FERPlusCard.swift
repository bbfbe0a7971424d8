import Samples

extension DatasetCard {
  static let ferplus = DatasetCard(
    name: "ferplus", title: "FERPlus",
    citation:
      "E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang: Training Deep Networks for Facial "
      + "Expression Recognition with Crowd-Sourced Label Distribution. ICMI 2016, 279-283; "
      + "pictures: FER2013",
    url: "https://github.com/microsoft/FERPlus",
    terms: "Labels under the MIT licence; the pictures under the rules of the FER2013 challenge.",
    needsAcceptance: true)
}
