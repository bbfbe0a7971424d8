import Archives
import Artifacts
import Imaging
import Platform
import Testing

/// `ferry-synthesize` as a user runs it: the formats to the byte, and the same bytes every time.
@Suite struct SynthesizeStageTests {
  private let folder: TemporaryDirectory

  init() throws { folder = try TemporaryDirectory("ferry-synthesize") }

  private func synthesize(_ out: String, _ settings: [String], threads: Int = 2) throws -> Outcome {
    try Program.run(
      "ferry-synthesize",
      ["run", "--out", "archive=\(folder(out))", "--threads", "\(threads)"]
        + settings.flatMap { ["--set", $0] })
  }

  /// The files of an archive by path.
  private func entries(_ path: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    let issues = try ArchiveReader.open(folder(path)).visit { entry in
      found[entry.path] = try entry.read()
    }
    #expect(issues.isEmpty)
    return found
  }

  private func text(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }

  private func picture(_ bytes: [UInt8]?) throws -> Image {
    try (bytes ?? []).withUnsafeBytes { try Image.decode($0, name: "picture", as: .asStored) }
  }

  private static let wild = ["train=18", "test=7", "image_size=72"]
  private static let laboratory = [
    "format=ckplus", "subjects=3", "sequences=10", "labelled=0.8", "frames=3", "image_size=160",
  ]

  @Test func bytesDoNotDependOnThreadsButOnTheSeed() throws {
    for (name, settings) in [("wild", Self.wild), ("laboratory", Self.laboratory)] {
      #expect(try synthesize("\(name)-1", settings, threads: 1).status == 0)
      #expect(try synthesize("\(name)-3", settings, threads: 3).status == 0)
      #expect(try synthesize("\(name)-s", settings + ["seed=2"]).status == 0)
      let one = try Artifact.open(folder("\(name)-1"), kind: "archive", schema: 1)
      #expect(try one.digest == Artifact.open(folder("\(name)-3")).digest)
      #expect(try one.digest != Artifact.open(folder("\(name)-s")).digest)
    }
  }

  @Test func rafdbIsLaidOutAsDistributed() throws {
    let outcome = try synthesize("raf", Self.wild)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let list = try Files.readText(folder("raf/basic/EmoLabel/list_patition_label.txt"))
    let lines = list.split(separator: "\n")
    #expect(lines.count == 25)
    #expect(list.hasSuffix("\n") && !list.contains("\r"))
    #expect(lines[0].wholeMatch(of: /train_00001\.jpg [1-7]/) != nil)
    #expect(lines[18].wholeMatch(of: /test_0001\.jpg [1-7]/) != nil)
    // Every class occurs where there are pictures enough.
    #expect(Set(lines.prefix(18).map { $0.last }).count == 7)
    #expect(Set(lines.suffix(7).map { $0.last }).count == 7)
    let original = try entries("raf/basic/Image/original.zip")
    let aligned = try entries("raf/basic/Image/aligned.zip")
    #expect(original.count == 25 && aligned.count == 25)
    let crop = try picture(aligned["aligned/test_0007_aligned.jpg"])
    #expect(crop.width == 100 && crop.height == 100 && crop.channels == 3)
    try checkAnnotations(of: "train_00018", in: try picture(original["original/train_00018.jpg"]))
  }

  private func checkAnnotations(of stem: String, in image: Image) throws {
    let manual = text(
      try entries("raf/basic/Annotation/manual.zip")["manual/\(stem)_manu_attri.txt"])
    let lines = manual.split(separator: "\n")
    #expect(lines.count == 8)
    for line in lines.prefix(5) {
      let point = line.split(separator: "\t").compactMap { Double($0) }
      #expect(point.count == 2)
      #expect(point[0] > 0 && point[0] < Double(image.width))
      #expect(point[1] > 0 && point[1] < Double(image.height))
    }
    #expect(lines.suffix(3).allSatisfy { $0.wholeMatch(of: /[0-4]/) != nil })
    let automatic = text(
      try entries("raf/basic/Annotation/auto.zip")["auto/\(stem)_auto_attri.txt"])
    #expect(automatic.split(separator: "\n").count == 37)
    let box = text(
      try entries("raf/basic/Annotation/boundingbox.zip")["boundingbox/\(stem)_boundingbox.txt"])
    #expect(box.wholeMatch(of: /[\d.]+ [\d.]+ [\d.]+ [\d.]+ \n/) != nil)
  }

  @Test func ckplusIsLaidOutAsDistributed() throws {
    let outcome = try synthesize("ck", Self.laboratory)
    #expect(outcome.status == 0, "\(outcome.messages)")
    let images = try entries("ck/cohn-kanade-images.zip")
    let frames = images.keys.filter { $0.hasSuffix(".png") }.sorted()
    #expect(frames.count == 30)
    #expect(frames.allSatisfy { $0.wholeMatch(of: Self.framePath) != nil })
    let first = try picture(images[frames[0]])
    #expect(first.width == 160 && (120...123).contains(first.height))
    let labels = try entries("ck/Emotion.zip").filter { $0.key.hasSuffix("_emotion.txt") }
    #expect(labels.count == 8)
    for (path, bytes) in labels {
      #expect(text(bytes).wholeMatch(of: #/ {3}[1-7]\.0000000e\+00\n/#) != nil)
      // The label stands beside the sequence's last frame.
      let folder = path.split(separator: "/").dropFirst().dropLast().joined(separator: "/")
      let apex = frames.last { $0.contains("/\(folder)/") } ?? ""
      let stem = (apex.split(separator: "/").last ?? "").dropLast(4)
      #expect(path.hasSuffix("/\(stem)_emotion.txt"))
    }
    let landmarks = try entries("ck/Landmarks.zip")
    #expect(landmarks.count == 30)
    for bytes in landmarks.values {
      let lines = text(bytes).split(separator: "\n")
      #expect(lines.count == 68)
      #expect(lines.allSatisfy { $0.wholeMatch(of: Self.landmarkLine) != nil })
    }
    #expect(try entries("ck/FACS.zip").count == 10)
  }

  private static var framePath: Regex<(Substring, Substring, Substring)> {
    /cohn-kanade-images\/(S\d{3})\/(\d{3})\/S\d{3}_\d{3}_\d{8}\.png/
  }

  private static var landmarkLine: Regex<Substring> {
    #/ {3}-?\d\.\d{7}e[+-]\d{2} {3}-?\d\.\d{7}e[+-]\d{2}/#
  }

  @Test func wrongParametersAreNamed() throws {
    let outcome = try synthesize("wrong", ["format=rafbd", "nuisance=9", "trian=3"])
    #expect(outcome.status == 64)
    #expect(outcome.messages.contains("rafdb"))
    #expect(outcome.messages.contains("nuisance"))
    #expect(outcome.messages.contains("did you mean 'train'?"))
    #expect(!Files.exists(folder("wrong")))
    let empty = try synthesize("empty", ["train=0", "test=0"])
    #expect(empty.status == 64)
  }
}
