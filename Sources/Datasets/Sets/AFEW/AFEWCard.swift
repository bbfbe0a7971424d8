import Samples

extension DatasetCard {
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
