import Samples

extension DatasetCard {
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
}
