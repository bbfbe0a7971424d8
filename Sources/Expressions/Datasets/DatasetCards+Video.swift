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

  static let ferv39k = DatasetCard(
    name: "ferv39k", title: "FERV39k",
    citation:
      "Y. Wang and others: FERV39k: A Large-Scale Multi-Scene Dataset for Facial Expression "
      + "Recognition in Videos. CVPR 2022, 20922-20931",
    url: "https://wangyanckxx.github.io/Proj_CVPR2022_FERV39k.html",
    terms: "Non-commercial research by those who signed the agreement; the clips may not be passed "
      + "on.",
    needsAcceptance: true)

  static let mafw = DatasetCard(
    name: "mafw", title: "MAFW",
    citation:
      "Y. Liu and others: MAFW: A Large-scale, Multi-modal, Compound Affective Database for "
      + "Dynamic Facial Expression Recognition in the Wild. ACM Multimedia 2022, 24-32",
    url: "https://mafw-database.github.io/MAFW",
    terms: "Non-commercial research by those who signed the agreement; the clips may not be passed "
      + "on.",
    needsAcceptance: true)

  static let afew = DatasetCard(
    name: "afew", title: "Acted Facial Expressions in the Wild (AFEW)",
    citation:
      "A. Dhall, R. Goecke, S. Lucey, T. Gedeon: Collecting Large, Richly Annotated "
      + "Facial-Expression Databases from Movies. IEEE MultiMedia 19(3), 2012, 34-41",
    url: "https://cs.anu.edu.au/few/",
    terms: "Non-commercial research by those who signed the agreement; the clips come from films "
      + "and may not be passed on.",
    needsAcceptance: true)
}
