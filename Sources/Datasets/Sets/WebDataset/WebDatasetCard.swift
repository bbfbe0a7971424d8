import Samples

extension DatasetCard {
  static let webDataset = DatasetCard(
    name: "webdataset", title: "Pictures in WebDataset shards", citation: "", url: "",
    terms: "The user's own pictures: the user knows their terms.", needsAcceptance: false)
}
