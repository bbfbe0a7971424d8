import Archives
import Artifacts
import Platform
import Portraits
import StageKit

/// The folder being written, and what a reader must find in it.
final class SyntheticArchive {
  let context: StageContext
  let settings: Settings
  let faces: SyntheticFaces
  let base: String
  private var truth: [JSONValue] = []
  private var folders: Set<String> = []

  /// Pictures drawn at once, which bounds the memory they take.
  private static let batch = 64

  init(_ context: StageContext, _ settings: Settings) {
    self.context = context
    self.settings = settings
    faces = SyntheticFaces(settings: settings)
    base = context.output("archive")
  }

  func add(_ path: String, _ bytes: [UInt8]) throws {
    let target = Files.join(base, path)
    let folder = Files.parent(of: target)
    if folders.insert(folder).inserted { try Files.makeDirectories(folder) }
    try Files.write(bytes, to: target)
  }

  func add(_ path: String, text: String) throws { try add(path, Array(text.utf8)) }

  /// Draws in parallel, and hands over what was drawn in order.
  func draw<T: Sendable>(
    _ count: Int, unit: String, _ make: @escaping @Sendable (Int) throws -> T,
    _ take: (Int, T) throws -> Void
  ) throws {
    for start in stride(from: 0, to: count, by: Self.batch) {
      try context.checkCancellation()
      let part = min(Self.batch, count - start)
      let drawn = try Parallel.map(part, threads: context.threads) { try make(start + $0) }
      for (index, value) in drawn.enumerated() { try take(start + index, value) }
      context.progress(start + part, of: count, unit: unit)
    }
  }

  /// Notes what a reader must make of one picture.
  func expect(_ row: JSONValue) { if settings.truth { truth.append(row) } }

  /// Writes `truth.jsonl`, where it was asked for.
  func finish() throws {
    guard settings.truth else { return }
    let lines = truth.flatMap { $0.canonicalBytes + [UInt8(ascii: "\n")] }
    try Files.write(lines, to: Files.join(base, "truth.jsonl"))
  }

  /// One label for each of `count` rows: each expression equally often, shuffled.
  func labels(_ count: Int, _ expressions: [Prototype], stream: UInt64) -> [Prototype] {
    var generator = SeededGenerator(seed: settings.seed, 13, stream)
    return generator.permutation(count).map { expressions[$0 % expressions.count] }
  }
}

extension JSONValue {
  /// Points as rows of an index have them.
  static func points(_ pairs: [(Double, Double)]) -> JSONValue {
    .array(pairs.map { JSONValue([$0.0, $0.1]) })
  }
}
