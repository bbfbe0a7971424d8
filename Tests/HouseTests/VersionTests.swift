import Foundation
import Testing

/// The version stands once, in `Sources/Platform/Version.swift`; the files that people read agree with it.
@Suite struct VersionTests {
  private static func text(_ path: String) throws -> String {
    try String(contentsOf: HouseTests.root.appendingPathComponent(path), encoding: .utf8)
  }

  private static func version() throws -> String {
    let source = try text("Sources/Platform/Version.swift")
    return String(try #require(source.firstMatch(of: /let ferryVersion = "(\d+\.\d+\.\d+)"/)).1)
  }

  /// The headings `## [...]` of the changelog, from the top.
  private static func headings() throws -> [String] {
    try text("CHANGELOG.md").matches(of: /(?m)^## \[([^\]]+)\]/).map { String($0.1) }
  }

  @Test func newestVersionOfTheChangelogIsTheProgramsVersion() throws {
    let headings = try Self.headings()
    #expect(headings.first == "Unreleased")
    #expect(headings.dropFirst().first == (try Self.version()))
  }

  @Test func citationNamesTheProgramsVersion() throws {
    let citation = try Self.text("CITATION.cff")
    let stated = try #require(citation.firstMatch(of: /(?m)^version: *"?([^"\n]+)"?$/))
    #expect(String(stated.1) == (try Self.version()))
  }

  /// No second constant that a release would have to change as well.
  @Test func versionStandsOnceInTheSources() throws {
    let quoted = "\"\(try Self.version())\""
    let sources = HouseTests.root.appendingPathComponent("Sources")
    let inside = try #require(FileManager.default.enumerator(atPath: sources.path))
    var found: [String] = []
    for case let path as String in inside where path.hasSuffix(".swift") {
      let text = try String(contentsOf: sources.appendingPathComponent(path), encoding: .utf8)
      if text.contains(quoted) { found.append(path) }
    }
    #expect(found == ["Platform/Version.swift"])
  }
}
