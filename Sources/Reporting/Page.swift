import Platform
import Plotting

/// The whole page: one HTML file that loads nothing and runs no script.
public struct Page: Sendable {
  let title: String
  let results: [ReportedResult]
  let models: [TrainedModel]
  let features: [ReportedFeatures]
  let audit: PictureAudit
  let table: ResultTable
  /// The published table to stand beside, where one was asked for.
  let published: PublishedTable?
  /// What the reader must know before all else; empty for nothing.
  let note: String

  /// The published tables and figures that a page can show ours beside.
  public static let publishedNames = PublishedTable.names

  public init(
    title: String, results: [ReportedResult], models: [TrainedModel],
    features: [ReportedFeatures] = [], audit: PictureAudit = .none, published: String? = nil,
    note: String = ""
  ) {
    self.published = published.flatMap { PublishedTable.named($0) }
    self.note = note
    self.title = title
    self.results = results
    self.models = models
    self.features = features
    self.audit = audit
    table = ResultTable(results)
  }

  /// The page's text; equal inputs give equal bytes.
  public var html: String {
    let sections = [
      resultsSection, publishedTableSection, publishedSection, crossDatasetSection,
      comparisonSection, classesSection, mistakesSection, featuresSection, curvesSection,
      overlapSection, provenanceSection, dataSection, wordsSection,
    ].compactMap { $0 }
    let body = Markup(
      "body", [:],
      [
        Markup("header", [:], [heading, navigation(sections)]), tiles,
        Markup("main", [:], sections.map(\.markup)), footer,
      ])
    return "<!doctype html>\n"
      + Markup("html", ["lang": "en"], [head, body]).rendered + "\n"
  }

  /// A section with its entry in the list of contents.
  struct Section {
    let id: String
    let title: String
    let markup: Markup

    init(_ id: String, _ title: String, _ pieces: [Markup]) {
      self.id = id
      self.title = title
      markup = HTML.section(id, title, pieces)
    }
  }

  private var head: Markup {
    let policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return Markup(
      "head", [:],
      [
        Markup("meta", ["charset": "utf-8"]),
        Markup(
          "meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
        Markup("meta", ["http-equiv": "Content-Security-Policy", "content": policy]),
        Markup("meta", ["name": "generator", "content": "ferry-report"]),
        Markup("meta", ["name": "color-scheme", "content": "light dark"]),
        Markup("title", [:], [.text(title)]), Markup("style", [:], [.text(PageStyle.css)]),
      ])
  }

  private var heading: Markup {
    let tests = unique(results.map { $0.card.testedOn.shortLabel })
    let models = unique(results.map { table.names.name($0.card.model) })
    let text =
      "\(counted(results.count, "evaluation")) of \(counted(models.count, "model variant")) on "
      + "\(joined(tests))."
    let heading = [Markup("h1", [:], [.text(title)]), HTML.paragraph(text, "lead")]
    return .run(heading + (note.isEmpty ? [] : [HTML.paragraph([HTML.strong(note)])]))
  }

  private func navigation(_ sections: [Section]) -> Markup {
    let links = sections.map { section in
      Markup("li", [:], [Markup("a", ["href": "#\(section.id)"], [.text(section.title)])])
    }
    return Markup("nav", ["aria-label": "Contents"], [Markup("ul", [:], links)])
  }

  private var footer: Markup {
    Markup(
      "footer", [:],
      [
        HTML.paragraph(
          "Made by ferry-report. The page holds no time stamps, host names or paths: the same "
            + "evaluations give the same bytes. The results as data lie beside it in results.csv, "
            + "results.json, results.md and results.tex.")
      ])
  }
}

/// The elements without repetitions, in the order of their first occurrence.
func unique<T: Hashable>(_ values: [T]) -> [T] {
  var seen: Set<T> = []
  return values.filter { seen.insert($0).inserted }
}

/// `1 image`, `2 images`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }

/// `a`, `a and b`, `a, b and c`.
func joined(_ words: [String]) -> String {
  guard let last = words.last, words.count > 1 else { return words.first ?? "" }
  return words.dropLast().joined(separator: ", ") + " and " + last
}
