import Artifacts
import Networks
import StageKit
import Weights

/// `ferry-fetch list`: the weights that are known, and how to obtain them.
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List known public weights, their licences and sources.")

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    guard !json else {
      return print(JSONValue(KnownWeights.catalogue.map(Self.json)).pretty, terminator: "")
    }
    for entry in KnownWeights.catalogue {
      print("\(entry.name): \(entry.summary)")
      if let encoder = entry.encoder { print("  import with: encoder=\(encoder)") }
      print("  licence: \(entry.licence)")
      for file in entry.files {
        print("  \(file.url)")
        print("  SHA-256 \(file.sha256)" + (file.size.map { ", \($0) bytes" } ?? ""))
      }
      if let how = entry.how { print("  by hand: \(how)") }
      print("")
    }
  }

  private static func json(_ entry: KnownWeights) -> JSONValue {
    [
      "name": .string(entry.name), "summary": .string(entry.summary),
      "encoder": entry.encoder.map { .string($0) } ?? .null,
      "licence": .string(entry.licence),
      "files": .array(
        entry.files.map {
          [
            "url": .string($0.url), "sha256": .string($0.sha256),
            "size": $0.size.map { .integer($0) } ?? .null,
          ]
        }),
      "how": entry.how.map { .string($0) } ?? .null,
    ]
  }
}
