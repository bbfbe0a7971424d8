import Artifacts
import Platform
import Portraits
import StageKit

/// Writes DFEW, FERV39k, MAFW and AFEW as folders of frames with their split files.
struct VideoWriter {
  let archive: SyntheticArchive
  let format: String

  /// A clip, as planned.
  private struct Clip: Sendable {
    var id: String
    var folder: String
    var label: String
    var shown: Prototype
    var isTest: Bool
    var frames: Int
  }

  private var settings: Settings { archive.settings }

  static let seven: [Prototype] = [
    .happiness, .sadness, .neutral, .anger, .surprise, .disgust, .fear,
  ]
  /// MAFW's classes and what is drawn for those that no prototype shows.
  static let eleven: [(String, Prototype)] =
    Prototype.allCases.map { ($0.rawValue, $0) } + [
      ("anxiety", .fear), ("helplessness", .sadness), ("disappointment", .contempt),
    ]
  private static let words: [Prototype: String] = [
    .happiness: "Happy", .sadness: "Sad", .neutral: "Neutral", .anger: "Angry",
    .surprise: "Surprise", .disgust: "Disgust", .fear: "Fear", .contempt: "Contempt",
  ]

  func write() throws -> [String: Int] {
    let parameters = archive.context.parameters
    let (train, test) = (parameters.integer("train"), parameters.integer("test"))
    let frames = parameters.optionalInteger("frames") ?? 16
    let clips = (0..<train + test).map { clip($0, train, frames) }
    try drawFrames(clips)
    switch format {
    case "dfew": try writeDFEW(clips)
    case "ferv39k": try writeFERV39k(clips)
    case "mafw": try writeMAFW(clips)
    default: break
    }
    for clip in clips {
      archive.expect([
        "clip": .string(clip.id), "label": .string(clip.label),
        "split": .string(clip.isTest ? "test" : "train"), "frames": .integer(clip.frames),
      ])
    }
    return ["train": train, "test": test]
  }

  private func clip(_ number: Int, _ train: Int, _ frames: Int) -> Clip {
    let (name, shown) =
      format == "mafw"
      ? Self.eleven[number % 11]
      : (Self.seven[number % 7].rawValue, Self.seven[number % 7])
    let word = Self.words[shown] ?? ""
    let isTest = number >= train
    // Every fifth clip is shorter than others take frames of it.
    let count = settings.traps && number % 5 == 3 ? max(1, frames / 3) : frames
    var clip = Clip(
      id: padded(number + 1, 5), folder: "", label: name, shown: shown, isTest: isTest,
      frames: count)
    switch format {
    case "dfew": clip.folder = "Clip/clip_224x224_16f/\(clip.id)"
    case "ferv39k":
      clip.id = "\(["Action", "Crime"][number % 2])/\(word)/\(padded(number + 10, 4))"
      clip.folder = "2_ClipsforFaceCrop/\(clip.id)"
    case "mafw": clip.folder = "data/frames/\(clip.id)"
    default:
      clip.id = "\(isTest ? "Val" : "Train")_AFEW/\(word)/\(padded(46_280 + number * 40, 9))"
      clip.folder = clip.id
    }
    return clip
  }

  /// Frames are numbered without zeros where the set does so: `10.jpg` sorts before `2.jpg`.
  private func frameName(_ frame: Int) -> String {
    ["dfew", "mafw"].contains(format) ? "\(frame + 1).jpg" : padded(frame + 1, 5) + ".jpg"
  }

  private func drawFrames(_ clips: [Clip]) throws {
    let jobs = clips.indices.flatMap { clip in (0..<clips[clip].frames).map { (clip, $0) } }
    let side = settings.imageSize ?? 96
    let faces = archive.faces
    try archive.draw(jobs.count, unit: "frames") { job in
      let (clip, frame) = jobs[job]
      let t = Float(frame + 1) / Float(clips[clip].frames)
      return try faces.draw(
        FaceJob(
          person: UInt64(clip), take: 1, expression: clips[clip].shown, width: side, height: side,
          progress: t * t * (3 - 2 * t), frame: frame)
      ).image.jpeg(quality: 90)
    } _: { job, picture in
      let (clip, frame) = jobs[job]
      try archive.add("\(clips[clip].folder)/\(frameName(frame))", picture)
      // DFEW also hands out clips of all frames, under the same names.
      if settings.traps, format == "dfew", frame == 0 {
        try archive.add("Clip/clip_224x224/\(clips[clip].id)/1.jpg", picture)
      }
    }
  }

  /// Fold 1 tests the test clips; in the others the clips rotate.
  private func isTest(_ clip: Clip, _ number: Int, fold: Int) -> Bool {
    fold == 1 ? clip.isTest : number % 5 == fold - 1
  }

  private func writeDFEW(_ clips: [Clip]) throws {
    for fold in 1...5 {
      for (set, wanted) in [("train", false), ("test", true)] {
        var text = "video_name,label\n"
        for (number, clip) in clips.enumerated()
        where isTest(clip, number, fold: fold) == wanted {
          let code = (Self.seven.firstIndex(of: clip.shown) ?? 0) + 1
          text += "\(settings.traps ? String(number + 1) : clip.id),\(code)\n"
        }
        let folder = "EmoLabel_DataSplit/\(set)(single-labeled)"
        try archive.add("\(folder)/set_\(fold).csv", text: text)
        if settings.traps {
          try archive.add(
            "EmoLabel_DataSplit/\(set)(multi-labeled)/set_\(fold).csv",
            text: "video_name,1happy,2sad\n00001,3,7\n")
        }
      }
    }
  }

  private func writeFERV39k(_ clips: [Clip]) throws {
    for (name, wanted) in [("train_All.csv", false), ("test_All.csv", true)] {
      let lines = clips.filter { $0.isTest == wanted }.map {
        "\($0.id) \(Self.words[$0.shown] ?? "")\n"
      }
      try archive.add("4_setups/All_scenes/\(name)", text: lines.joined())
    }
  }

  private func writeMAFW(_ clips: [Clip]) throws {
    for fold in 1...5 {
      for (set, wanted) in [("train", false), ("test", true)] {
        let chosen = clips.enumerated().filter {
          isTest($0.element, $0.offset, fold: fold) == wanted
        }
        let lines = chosen.map { "\($0.element.id).mp4 \($0.element.label)\n" }.joined()
        let root = "Train & Test Set/single"
        try archive.add("\(root)/no_caption/set_\(fold)/\(set).txt", text: lines)
        if settings.traps {
          try archive.add(
            "\(root)/with_caption/set_\(fold)/\(set).txt", text: "00001.mp4 anger a person frowns\n"
          )
        }
      }
    }
  }
}
