extension DatasetCard {
  static let rafdb = DatasetCard(
    name: "rafdb", title: "Real-world Affective Faces Database (RAF-DB), basic",
    citation:
      "S. Li, W. Deng, J. Du: Reliable Crowdsourcing and Deep Locality-Preserving Learning for "
      + "Expression Recognition in the Wild. CVPR 2017, 2584-2593",
    url: "http://www.whdeng.cn/RAF/model1.html",
    terms:
      "Non-commercial research only; the pictures may not be passed on; faces may be shown in "
      + "scientific publications only to the extent the owners state.",
    needsAcceptance: true)

  static let affectnet = DatasetCard(
    name: "affectnet", title: "AffectNet",
    citation:
      "A. Mollahosseini, B. Hasani, M. H. Mahoor: AffectNet: A Database for Facial Expression, "
      + "Valence, and Arousal Computing in the Wild. IEEE Trans. Affective Computing 10(1), 2019",
    url: "http://mohammadmahoor.com/affectnet/",
    terms:
      "Non-commercial research by the group that signed the agreement; the pictures may not be "
      + "passed on.",
    needsAcceptance: true)

  static let affectnet2021: DatasetCard = {
    var card = affectnet
    card.name = "affectnet-2021"
    card.title = "AffectNet (release of 2021)"
    return card
  }()

  static let fer2013 = DatasetCard(
    name: "fer2013", title: "FER2013",
    citation:
      "I. J. Goodfellow and others: Challenges in Representation Learning: A report on three "
      + "machine learning contests. ICONIP 2013, 117-124",
    url: "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-"
      + "recognition-challenge",
    terms: "The rules of the challenge: research; the pictures come from web searches.",
    needsAcceptance: true)

  static let ferplus = DatasetCard(
    name: "ferplus", title: "FERPlus",
    citation:
      "E. Barsoum, C. Zhang, C. Canton Ferrer, Z. Zhang: Training Deep Networks for Facial "
      + "Expression Recognition with Crowd-Sourced Label Distribution. ICMI 2016, 279-283; "
      + "pictures: FER2013",
    url: "https://github.com/microsoft/FERPlus",
    terms: "Labels under the MIT licence; the pictures under the rules of the FER2013 challenge.",
    needsAcceptance: true)

  static let caerS = DatasetCard(
    name: "caer-s", title: "CAER-S",
    citation:
      "J. Lee, S. Kim, S. Kim, J. Park, K. Sohn: Context-Aware Emotion Recognition Networks. "
      + "ICCV 2019, 10143-10152",
    url: "https://caer-dataset.github.io",
    terms: "Non-commercial research; the frames come from television series and may not be "
      + "passed on.",
    needsAcceptance: true)

  static let ckplus = DatasetCard(
    name: "ckplus", title: "Extended Cohn-Kanade Dataset (CK+)",
    citation:
      "P. Lucey, J. F. Cohn, T. Kanade, J. Saragih, Z. Ambadar, I. Matthews: The Extended "
      + "Cohn-Kanade Dataset (CK+): A complete dataset for action unit and emotion-specified "
      + "expression. CVPR Workshops 2010, 94-101",
    url: "https://www.jeffcohn.net/resources/",
    terms:
      "Non-commercial research; the pictures may not be passed on; only subjects who consented "
      + "may be shown in publications.",
    needsAcceptance: true)

  static let imageFolder = DatasetCard(
    name: "image-folder", title: "A folder of pictures", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)

  static let webDataset = DatasetCard(
    name: "webdataset", title: "Pictures in WebDataset shards", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)

  static let imageTable = DatasetCard(
    name: "image-table", title: "Pictures with a table of labels", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)
}
