import Artifacts
import Imaging
import Platform
import Testing

/// `ferry-predict` shows a model the pictures that shard showed it.
@Suite struct PredictResizingTests {
  private let folder: TemporaryDirectory

  init() throws {
    folder = try TemporaryDirectory("ferry-resizing")
    var generator = SeededGenerator(seed: 5)
    for split in ["train", "test"] {
      for label in ["happy", "sad"] {
        let place = folder("photos/\(split)/\(label)")
        try Files.makeDirectories(place)
        for number in 0..<6 {
          var image = Image(width: 64, height: 64, channels: 3)
          for index in image.pixels.indices { image.pixels[index] = UInt8(generator.below(256)) }
          try Files.write(try image.png(), to: Files.join(place, "\(split)-\(label)-\(number).png"))
        }
      }
    }
  }

  private func stage(_ name: String, _ ports: [String: String], _ settings: String...) throws {
    let outputs = ["samples", "faces", "shards", "model", "evaluation", "predictions"]
    var arguments = ["run"]
    for (port, path) in ports.sorted(by: { $0.key < $1.key }) {
      let isOutput = outputs.contains(port) && path.hasSuffix("/")
      let place = folder(isOutput ? String(path.dropLast()) : path)
      arguments += [isOutput ? "--out" : "--in", "\(port)=\(place)"]
    }
    let outcome = try Program.run(
      "ferry-\(name)", arguments + settings.flatMap { ["--set", $0] })
    #expect(outcome.status == 0, "\(name): \(outcome.messages)")
  }

  /// The probability of happy by the picture's name.
  private func probabilities(_ file: String, name: Int) throws -> [String: Double] {
    let rows = try CSV.rows(Files.read(folder(file)), file: file).map(\.cells)
    let column = try #require(rows[0].firstIndex(of: "happy"))
    return Dictionary(
      uniqueKeysWithValues: rows.dropFirst().map {
        (
          Files.name(of: $0[name]).split(separator: ".").first.map(String.init) ?? "",
          Double($0[column]) ?? .nan
        )
      })
  }

  /// Noise is where filters differ most: bilinear pictures of it give other probabilities.
  @Test(arguments: ["nearest", "bicubic", "bilinear"])
  func predictResizesAsShardDid(filter: String) throws {
    try stage("ingest", ["archive": "photos", "samples": "samples/"], "dataset=image-folder")
    try stage(
      "align", ["samples": "samples", "faces": "faces/"], "detector=none", "size=48", "format=png")
    try stage(
      "shard", ["faces": "faces", "shards": "shards/"], "size=16", "filter=\(filter)",
      "validation=0")
    try stage(
      "train", ["shards": "shards", "model": "model/"], "method=discrete", "width=0.0625",
      "epochs=1", "select=last", "batch_size=4", "warmup_epochs=0", "learning_rate=0.0001")
    try stage("evaluate", ["model": "model", "shards": "shards", "evaluation": "evaluation/"])
    try stage(
      "predict", ["model": "model", "files": "photos/test", "predictions": "predictions/"],
      "faces=given")
    let evaluated = try probabilities("evaluation/predictions.csv", name: 0)
    let predicted = try probabilities("predictions/predictions.csv", name: 1)
    #expect(evaluated.count == 12)
    for (name, probability) in evaluated {
      let other = try #require(predicted[name])
      #expect(abs(other - probability) < 1e-6, "\(name): \(probability), \(other)")
    }
  }
}
