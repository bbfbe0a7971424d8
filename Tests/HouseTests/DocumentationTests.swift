import Foundation
import Testing

/// Every page leads somewhere: links and the files that pages name exist.
@Suite struct DocumentationTests {
  /// The pages of the project's folder and all pages under docs, relative to the project's folder.
  private static func pages() throws -> [String] {
    let docs = HouseTests.root.appendingPathComponent("docs")
    let inside = try #require(FileManager.default.enumerator(atPath: docs.path))
    let found = inside.compactMap { $0 as? String }.filter { $0.hasSuffix(".md") }
    let top = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
    return top + found.map { "docs/\($0)" }.sorted()
  }

  private static func text(_ page: String) throws -> String {
    try String(contentsOf: HouseTests.root.appendingPathComponent(page), encoding: .utf8)
  }

  /// `make docs` writes these.
  private static func isGenerated(_ path: String) -> Bool { path.contains("/reference/") }

  private static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: HouseTests.root.appendingPathComponent(path).path)
  }

  /// A heading's name in a link: lower case, without signs, spaces as hyphens.
  private static func anchor(_ heading: Substring) -> String {
    String(
      heading.drop { $0 == "#" || $0 == " " }.lowercased().compactMap { letter in
        letter == " "
          ? "-" : letter.isLetter || letter.isNumber || "-_".contains(letter) ? letter : nil
      })
  }

  @Test func linksAreAlive() throws {
    for page in try Self.pages() {
      let folder = page.split(separator: "/").dropLast().joined(separator: "/")
      for match in try Self.text(page).matches(of: /\]\(([^)\s]+)\)/) {
        let parts = match.1.split(separator: "#", omittingEmptySubsequences: false)
        let target = String(parts[0])
        guard !match.1.contains("://"), !Self.isGenerated("/\(target)") else { continue }
        let path = target.isEmpty ? page : folder.isEmpty ? target : "\(folder)/\(target)"
        #expect(Self.exists(path), "\(page) links to \(match.1)")
        guard parts.count == 2, path.hasSuffix(".md"), Self.exists(path) else { continue }
        let anchors = try Self.text(path).split(separator: "\n").filter { $0.hasPrefix("#") }
          .map(Self.anchor)
        #expect(anchors.contains(String(parts[1])), "\(page) links to \(match.1)")
      }
    }
  }

  @Test func namedFilesExist() throws {
    let name =
      /(?:docs|pipelines|scripts|Benchmarks|Tests|Sources|Fuzz)\/[\w\/.-]*[\w]/
    for page in try Self.pages() {
      let text = try Self.text(page)
      for match in text.matches(of: name) {
        let path = String(match.0)
        let before = text[..<match.range.lowerBound].last
        guard !Self.isGenerated("\(path)/"), before != "/", before != "." else { continue }
        // A stage that a how-to makes up.
        if path.contains("Blur") || path.contains("blur") { continue }
        #expect(Self.exists(path), "\(page) names \(path)")
      }
    }
  }

  /// Each oddity of real datasets has a test, named in the table of docs/datasets.md.
  @Test func everyOddityHasItsTest() throws {
    let rows = try Self.text("docs/datasets.md").split(separator: "\n").drop {
      !$0.hasPrefix("| oddity |")
    }.dropFirst(2).prefix { $0.hasPrefix("|") }
    #expect(rows.count >= 37)
    let tests = HouseTests.root.appendingPathComponent("Tests")
    let inside = try #require(FileManager.default.enumerator(atPath: tests.path))
    var found: Set<Substring> = []
    for case let path as String in inside where path.hasSuffix(".swift") {
      let text = try String(contentsOf: tests.appendingPathComponent(path), encoding: .utf8)
      for match in text.matches(of: /@Test[^\n]*(?:\n[^\n]*)?func (\w+)\(/) {
        found.insert(match.1)
      }
    }
    for row in rows {
      let names = row.split(separator: "|").last?.matches(of: /`(\w+)`/).map(\.1) ?? []
      #expect(!names.isEmpty, "no test is named in: \(row)")
      for name in names { #expect(found.contains(name), "there is no test \(name)") }
    }
  }

  /// Pages that nothing leads to are not read.
  @Test func everyPageIsLinked() throws {
    let pages = try Self.pages()
    let all = try pages.map { ($0, try Self.text($0)) }
    for page in pages where page != "README.md" {
      let name = String(page.split(separator: "/").last ?? "")
      let isLinked = all.contains { $0.0 != page && $0.1.contains(name) }
      #expect(isLinked, "no page names \(page)")
    }
  }
}
