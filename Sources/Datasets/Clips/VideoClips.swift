import Artifacts
import Platform
import Samples

/// A clip of a video set, as a parser plans it.
public struct ClipPlan: Sendable, Equatable {
  /// Unique in the dataset: the name that the split files use.
  public var id: String
  public var split: Split
  public var label: String
  /// The indexes of its frames among the plan's rows, in order; of a short clip some occur twice.
  public var rows: [Int]
}

/// A clip in `clips.jsonl`: its frames are rows of the index.
public struct ClipRow: Sendable, Equatable {
  public var id: String
  public var split: Split
  public var label: String
  /// The ids of its frames, in order.
  public var frames: [String]

  public init(id: String, split: Split, label: String, frames: [String]) {
    self.id = id
    self.split = split
    self.label = label
    self.frames = frames
  }

  public var json: JSONValue {
    [
      "id": .string(id), "split": .string(split.rawValue), "label": .string(label),
      "frames": JSONValue(frames),
    ]
  }

  public init(json: JSONValue, at place: Fault.Place? = nil) throws {
    let reader = RowReader(json: json, place: place)
    id = try reader.string("id")
    split = try reader.required("split", "a split") { $0.string.flatMap(Split.init(rawValue:)) }
    label = try reader.string("label")
    frames = try reader.required("frames", "ids", \.strings)
  }
}

/// Which frames of a clip are taken.
public enum FrameSampling {
  /// How many frames the field takes of a clip.
  public static let usual = 16

  /// The frames at the centres of `count` equal parts of a clip of `total` frames.
  ///
  /// Equation: index i is floor((2 i + 1) total / (2 count)). A clip of `count` frames is taken whole;
  /// of a shorter one, frames repeat.
  public static func indexes(total: Int, count: Int) -> [Int] {
    (0..<count).map { (2 * $0 + 1) * total / (2 * count) }
  }
}

/// The folders of frames of a source, by the clip that each holds.
struct FrameFolders {
  /// Names of pictures by folder.
  private var folders: [String: [String]] = [:]
  private(set) var hasVideos = false

  mutating func note(_ path: String) {
    if SourcePath.isImage(path) {
      let name = SourcePath.name(path)
      folders[String(path.dropLast(name.count + 1)), default: []].append(String(name))
    } else if ["mp4", "avi", "mkv", "mov", "webm"].contains(SourcePath.fileExtension(path)) {
      hasVideos = true
    }
  }

  var paths: [String] { folders.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) } }

  /// The paths of a folder's frames in their natural order: `2.jpg` before `10.jpg`.
  func frames(in folder: String) -> [String] {
    (folders[folder] ?? []).sorted(by: Self.naturallyPrecedes).map { "\(folder)/\($0)" }
  }

  func require(_ dataset: String, layout: String) throws {
    guard folders.isEmpty else { return }
    throw Fault(
      .badInput,
      hasVideos
        ? "the source has videos and no frames of them" : "the source has no frames of \(dataset)",
      remedy: hasVideos
        ? "cut each video into pictures in a folder of its name, as with ffmpeg -i 00001.mp4 "
          + "00001/%05d.jpg"
        : "frames are in \(layout)")
  }

  /// Compares runs of digits by their value and everything else by bytes.
  static func naturallyPrecedes(_ a: String, _ b: String) -> Bool {
    var left = Array(a.utf8)[...]
    var right = Array(b.utf8)[...]
    func digits(_ text: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
      let run = text.prefix { (0x30...0x39).contains($0) }
      text = text.dropFirst(run.count)
      return run.drop { $0 == 0x30 }
    }
    while let x = left.first, let y = right.first {
      if (0x30...0x39).contains(x), (0x30...0x39).contains(y) {
        let (m, n) = (digits(&left), digits(&right))
        if m.count != n.count { return m.count < n.count }
        if !m.elementsEqual(n) { return m.lexicographicallyPrecedes(n) }
      } else {
        if x != y { return x < y }
        left = left.dropFirst()
        right = right.dropFirst()
      }
    }
    if left.isEmpty != right.isEmpty { return left.isEmpty }
    return a.utf8.lexicographicallyPrecedes(b.utf8)
  }
}

/// Collects the clips that split files name, and makes a plan of them.
struct ClipCollector {
  /// A line of a split file.
  struct Entry {
    var clip: String
    var split: Split
    var label: String
    var place: Fault.Place
  }

  var entries: [Entry] = []
  var folders = FrameFolders()
  /// Frames of each clip.
  let count: Int
  /// Where several folders hold a clip's frames, those of this name are meant.
  let preferred: String?

  init(frames: Int?, preferring preferred: String? = nil) throws {
    count = frames ?? FrameSampling.usual
    self.preferred = preferred
    guard (1...1024).contains(count) else {
      throw Fault(.usage, "frames is \(count)", remedy: "take 1 to 1024 frames of each clip")
    }
  }

  func plan(_ scheme: DatasetProtocol) throws -> IngestPlan {
    let byName = Dictionary(grouping: folders.paths) { SourcePath.name($0) }
    var rows: [SampleRow] = []
    var clips: [ClipPlan] = []
    var rejects: [Reject] = []
    var seen: [String: Fault.Place] = [:]
    var used: Set<String> = []
    for entry in entries {
      if let first = seen[entry.clip] {
        rejects.append(
          Reject(
            .duplicateRow, entry.place.description, "\(entry.clip) is also listed at \(first)"))
        continue
      }
      seen[entry.clip] = entry.place
      let folder = try folder(of: entry, among: byName[SourcePath.name(entry.clip)] ?? [])
      guard let folder else {
        rejects.append(
          Reject(
            .labelWithoutImage, entry.place.description, "\(entry.clip) has no folder of frames"))
        continue
      }
      used.insert(folder)
      clips.append(clip(entry, folders.frames(in: folder), &rows))
    }
    for folder in folders.paths where !used.contains(folder) {
      rejects.append(Reject(.imageWithoutLabel, folder, "no split file names this clip"))
    }
    var plan = IngestPlan(scheme, rows: rows, rejects: rejects)
    plan.clips = clips
    return plan
  }

  /// A clip's frames show one person, and the sets name no persons: the clip stands for its subject,
  /// so that no split divides it.
  private func clip(_ entry: Entry, _ frames: [String], _ rows: inout [SampleRow]) -> ClipPlan {
    var plan = ClipPlan(id: entry.clip, split: entry.split, label: entry.label, rows: [])
    var last = -1
    for index in FrameSampling.indexes(total: frames.count, count: count) {
      if index != last {
        rows.append(
          SampleRow(
            id: "\(entry.clip)/\(SourcePath.stem(frames[index]))", source: frames[index],
            split: entry.split, label: entry.label, subject: entry.clip,
            attributes: ["clip": entry.clip]))
      }
      last = index
      plan.rows.append(rows.count - 1)
    }
    return plan
  }

  private func folder(of entry: Entry, among candidates: [String]) throws -> String? {
    var found = candidates.filter { $0 == entry.clip || $0.hasSuffix("/" + entry.clip) }
    if found.count > 1, let preferred {
      found = found.filter { $0.split(separator: "/").contains { $0 == preferred } }
    }
    guard found.count > 1 else { return found.first }
    throw Fault(
      .badInput, "the frames of \(entry.clip) may be in \(found[0]) or in \(found[1])",
      at: entry.place, remedy: "give one set of frames")
  }
}
