import Samples

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
}
