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

  static let imageTable = DatasetCard(
    name: "image-table", title: "Pictures with a table of labels", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)
}
