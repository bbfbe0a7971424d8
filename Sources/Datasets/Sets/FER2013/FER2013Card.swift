import Samples

extension DatasetCard {
  static let fer2013 = DatasetCard(
    name: "fer2013", title: "FER2013",
    citation:
      "I. J. Goodfellow and others: Challenges in Representation Learning: A report on three "
      + "machine learning contests. ICONIP 2013, 117-124",
    url: "https://www.kaggle.com/c/challenges-in-representation-learning-facial-expression-"
      + "recognition-challenge",
    terms: "The rules of the challenge: research; the pictures come from web searches.",
    needsAcceptance: true)
}
