import Samples

extension DatasetCard {
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
}
