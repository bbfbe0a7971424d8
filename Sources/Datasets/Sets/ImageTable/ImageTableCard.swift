import Samples

extension DatasetCard {
  static let imageTable = DatasetCard(
    name: "image-table", title: "Pictures with a table of labels", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)
}
