import Artifacts
import Platform
import Plotting
import Samples

extension Page {
  /// The origin of every figure.
  var provenanceSection: Section {
    let evaluations = results.map { result -> Markup in
      HTML.details(
        "\(shortName(result)) (evaluation \(result.digest.short))",
        record(
          result.digest, result.provenance,
          extra: [("model's details", JSONValue.object(result.card.model.details))]), onPaper: true)
    }
    let trained = models.enumerated().map { index, model in
      HTML.details(
        "\(name(of: model, number: index + 1)) (model \(model.digest.short))",
        record(model.digest, model.provenance, extra: []), onPaper: true)
    }
    return Section(
      "provenance", "Provenance",
      [
        HTML.paragraph(
          "An artifact's digest is the SHA-256 of its record, which lists the digest of every file "
            + "in it: equal digests, equal content. All metrics on this page are computed from the "
            + "evaluation's predictions.csv. In a command, an input stands as kind:digest."),
        Markup("h3", [:], ["Evaluations"]), .run(evaluations),
        models.isEmpty ? .empty : Markup("h3", [:], ["Models"]), .run(trained),
      ])
  }

  private func record(
    _ digest: Digest, _ provenance: Provenance?, extra: [(name: String, value: JSONValue)]
  ) -> [Markup] {
    var entries: [(String, Markup)] = [("artifact", HTML.code(digest.hex))]
    guard let provenance else {
      return [
        definitions(entries), HTML.paragraph("The artifact has no provenance.json.", "small"),
      ]
    }
    let revision = provenance.revision.map { ", revision \($0)" } ?? ""
    entries.append(
      ("made by", .text("\(provenance.producer) \(provenance.version)\(revision)")))
    for input in provenance.inputs {
      entries.append(("\(input.port) (\(input.kind))", HTML.code(input.digest)))
    }
    for parameter in provenance.parameters + extra.filter({ $0.value != .object([:]) }) {
      entries.append((parameter.name, HTML.code(parameter.value.canonical)))
    }
    return [
      definitions(entries), Markup("pre", [:], [.text(provenance.commandLine)]),
    ]
  }

  func definitions(_ entries: [(String, Markup)]) -> Markup {
    Markup(
      "dl", [:],
      entries.flatMap { [Markup("dt", [:], [HTML.name($0)]), Markup("dd", [:], [$1])] })
  }

  /// The datasets, their protocols, terms and citations.
  var dataSection: Section {
    let cards = unique(results.flatMap { [$0.card.trainedOn.name, $0.card.testedOn.name] })
    let parts = cards.compactMap { name -> Markup? in
      let users = results.filter { $0.card.trainedOn.name == name || $0.card.testedOn.name == name }
      guard let first = users.first else { return nil }
      let card = first.card.testedOn.name == name ? first.card.testedOn : first.card.trainedOn
      return dataset(card, testedBy: users.filter { $0.card.testedOn.name == name })
    }
    return Section("data", "Data: protocols, terms, citations", parts)
  }

  private func dataset(_ card: DatasetCard, testedBy users: [ReportedResult]) -> Markup {
    var entries: [(String, Markup)] = []
    if card.isSynthesized {
      let text = "drawn by a program in this dataset's format; terms and citation are the dataset's"
      entries.append(("pictures", .text(text)))
    }
    for user in users {
      let text = "\(user.evaluation.protocolName): \(user.card.protocolSummary)"
      entries.append(("test protocol", .text(text)))
    }
    entries.append(("terms", .text(card.terms.isEmpty ? "not stated" : card.terms)))
    entries.append(("cite", .text(card.citation.isEmpty ? "not stated" : card.citation)))
    if !card.url.isEmpty { entries.append(("source", .text(card.url))) }
    var seen: Set<String> = []
    let once = entries.filter { seen.insert($0.0 + $0.1.rendered).inserted }
    let deviations = unique(users.flatMap(\.card.deviations))
    let list =
      deviations.isEmpty
      ? .empty
      : HTML.details(
        "Counts that differ from the protocol (\(deviations.count))",
        [HTML.list(deviations.map { .text($0) })], onPaper: true)
    return .run([Markup("h3", [:], [HTML.name(card.label)]), definitions(once), list])
  }

  /// A glossary of the words on this page.
  var wordsSection: Section {
    Section("words", "Words", [definitions(Self.words.map { ($0, .text($1)) })])
  }

  private static let words: [(String, String)] = [
    ("WAR", "Weighted average recall, the overall accuracy: correct over all test rows."),
    (
      "UAR",
      """
      Unweighted average recall, also mean accuracy: the mean of the recalls of the classes \
      present. A class of ten images counts as much as one of a thousand.
      """
    ),
    (
      "95 % interval",
      """
      Wilson's score interval of a proportion. It covers the choice of test images, not that of \
      seeds or of training data.
      """
    ),
    (
      "several seeds",
      "Mean and sample standard deviation (n - 1) over runs that differ in the seed alone."
    ),
    (
      "selection",
      """
      How the epoch was chosen: on validation rows, the last one, or on the test rows (test-best).
      """
    ),
    (
      "in-domain, cross-dataset",
      "Tested on held-out images of the training dataset, or on another dataset."
    ),
    (
      "ECE",
      """
      Expected calibration error: the mean gap between confidence and accuracy over 15 bins of \
      equal width.
      """
    ),
  ]
}
