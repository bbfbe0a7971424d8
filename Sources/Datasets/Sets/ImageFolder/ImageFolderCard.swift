import Samples

extension DatasetCard {
  static let imageFolder = DatasetCard(
    name: "image-folder", title: "A folder of pictures", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)
}
