import Artifacts
import Imaging
import Platform
import Testing

/// `ferry-ingest summary`: the table, the JSON and the contact sheet.
@Suite struct IngestSummaryTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-summary") }

  /// Samples with these classes, each with two pictures to train on and one to test on.
  private func samples(_ classes: [String]) throws {
    for (number, name) in classes.enumerated() {
      for (index, split) in ["train", "train", "test"].enumerated() {
        let place = folder("source/\(split)/\(name)")
        try Files.makeDirectories(place)
        var image = Image(width: 20 + index, height: 30, channels: 3, filledWith: 90)
        image[number % 20, number / 20, index] = 200
        try Files.write(try image.png(), to: "\(place)/\(index).png")
      }
    }
    let outcome = try Program.run(
      "ferry-ingest",
      ["run", "--in", "archive=\(folder("source"))", "--out", "samples=\(folder("samples"))"]
        + ["--set", "dataset=image-folder"])
    #expect(outcome.status == 0, "\(outcome.messages)")
  }

  private func summary(_ more: [String]) throws -> Outcome {
    let outcome = try Program.run("ferry-ingest", ["summary", folder("samples")] + more)
    #expect(outcome.status == 0, "\(outcome.messages)")
    return outcome
  }

  @Test func countsSizesSubjectsAndRejectsAreInTheTextAndInTheJSON() throws {
    try samples(["fear", "anger"])
    let text = try summary([]).output
    #expect(text.contains("fear       2     1      3"))
    #expect(text.contains("6 pictures, 20 to 22 px wide and 30 px high, 0 subjects"))
    let json = try JSONValue.parse(Array(try summary(["--json"]).output.utf8), file: "summary")
    #expect(json["rows"] == 6 && json["subjects"] == 0 && json["rejects"] == [:])
    #expect(json["classes"] == ["fear", "anger"])
    #expect(json["counts"]?["train"]?["anger"] == 2 && json["counts"]?["test"]?["fear"] == 1)
    #expect(json["sizes"] == ["width": [20, 22], "height": [30, 30]])
    #expect((json["bytes"]?.integer ?? 0) > 600)
    #expect(json["dataset"]?["name"] == "image-folder" && json["protocol"]?["name"] != nil)
    #expect(json["terms_accepted"] == false && json["deviations"] == [])
  }

  /// More classes than anyone has, names in other scripts, and names longer than a cell.
  @Test func aSheetOfManyClassesIsDrawnSoon() throws {
    let odd = ["très surpris", "悲しい顔", "a-name-that-is-much-longer-than-any-cell-is-wide-by-far"]
    // Names sort by their bytes: the last twenty come after all others.
    try samples(odd + (0..<97).map { "class \($0)" } + (10..<30).map { "龍\($0)" })
    let sheet = folder("sheet.png")
    let messages = try summary(["--sheet", sheet]).messages
    #expect(messages.contains("'悲しい顔'") && !messages.contains("'très surpris'"))
    #expect(messages.contains("the sheet shows the first 100 classes"))
    let image = try Image.decode(try Files.read(sheet), name: "sheet")
    #expect(image.height > 100 * 96 && image.height < 100 * 110)
    #expect(image.width < 1800)
  }
}
