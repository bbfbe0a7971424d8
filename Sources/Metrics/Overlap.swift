import Artifacts
import Imaging
import Platform
import Samples

/// What tells a face's picture from others: the digest of its pixels, and a difference hash that
/// hardly changes with size, compression or brightness.
///
/// The difference hash: the face in grey at 17 x 16 px, and for each of 256 places whether the
/// right neighbour is brighter.
public struct PictureFingerprint: Sendable, Equatable {
  public let content: Digest
  /// 256 bits.
  public let differences: [UInt64]

  /// Faces whose difference hashes differ in at most this many of 256 bits count as the same
  /// picture.
  ///
  /// Measured on crops of 112 px of 700 photos from the web and of 102 studio portraits: the nearest
  /// two different people differ in 23 bits, most in over 40. The same photo saved again as JPEG of
  /// quality 75, brightened or at half its size differs in 2 to 10 bits, and in 95 of 100 cases in at
  /// most 19; so a few copies of studio portraits, whose grounds are flat, are missed.
  public static let threshold = 16

  /// - Parameter pixels: `[side, side, 3]`.
  public init(_ pixels: UnsafeRawBufferPointer, side: Int) {
    content = Digest(hashing: pixels)
    let image = Image(width: side, height: side, channels: 3, pixels: Array(pixels))
    let small = image.grey().resized(width: 17, height: 16).pixels
    var words = [UInt64](repeating: 0, count: 4)
    for bit in 0..<256 {
      let place = bit / 16 * 17 + bit % 16
      if small[place + 1] > small[place] { words[bit / 64] |= 1 << UInt64(bit % 64) }
    }
    differences = words
  }

  /// In how many bits two difference hashes differ.
  @inline(__always)
  static func distance(_ a: SIMD4<UInt64>, _ b: SIMD4<UInt64>) -> Int {
    let x = a ^ b
    return x[0].nonzeroBitCount + x[1].nonzeroBitCount + x[2].nonzeroBitCount
      + x[3].nonzeroBitCount
  }

  var lanes: SIMD4<UInt64> { SIMD4(differences) }
}

/// The unwanted overlap between training and test rows.
public struct Overlap: Sendable, Equatable {
  /// Two rows with the same or nearly the same picture.
  public struct Pair: Sendable, Equatable {
    public let training: String
    public let test: String
    /// Bits of the difference hash that differ.
    public let distance: Int
    /// Whether the pixels are the same.
    public let isIdentical: Bool
  }

  public let trainingCount: Int
  public let testCount: Int
  /// For each test row that has any, its nearest training row within the threshold.
  public let pairs: [Pair]
  /// Subjects that stand in both; nil where the rows do not say who is pictured.
  public let subjects: [String]?

  public var identical: [Pair] { pairs.filter(\.isIdentical) }
  public var similar: [Pair] { pairs.filter { !$0.isIdentical } }

  /// Compares the training rows (with validation) of one artifact with the test rows of another, or
  /// of the same.
  ///
  /// - Complexity: O(training rows x test rows), a few instructions each.
  public init(training: ShardSet, test: ShardSet, threads: Int = 1) throws {
    let own = training.rows.indices.filter {
      [.train, .validation].contains(training.rows[$0].split)
    }
    let theirs = try test.testIndices()
    let mine = try Self.fingerprints(training, own, threads: threads)
    let others = try Self.fingerprints(test, theirs, threads: threads)
    trainingCount = own.count
    testCount = theirs.count
    let lanes = mine.map(\.lanes)
    let contents = Dictionary(
      mine.enumerated().map { ($1.content.hex, $0) }, uniquingKeysWith: { first, _ in first })
    pairs = try Parallel.map(others.count, threads: threads) { index -> Pair? in
      let id = test.rows[theirs[index]].id
      if let same = contents[others[index].content.hex] {
        return Pair(
          training: training.rows[own[same]].id, test: id, distance: 0, isIdentical: true)
      }
      let hash = others[index].lanes
      var (best, nearest) = (PictureFingerprint.threshold + 1, -1)
      for (row, other) in lanes.enumerated() {
        let distance = PictureFingerprint.distance(hash, other)
        if distance < best { (best, nearest) = (distance, row) }
      }
      guard nearest >= 0 else { return nil }
      return Pair(
        training: training.rows[own[nearest]].id, test: id, distance: best, isIdentical: false)
    }.compactMap { $0 }
    subjects = Self.shared(training, own, test, theirs)
  }

  private static func fingerprints(
    _ shards: ShardSet, _ rows: [Int], threads: Int
  ) throws -> [PictureFingerprint] {
    try Parallel.map(rows.count, threads: threads) { index in
      shards.withImage(rows[index]) { PictureFingerprint($0, side: shards.size) }
    }
  }

  /// Subjects of different datasets are different people, whatever their names.
  private static func shared(
    _ training: ShardSet, _ own: [Int], _ test: ShardSet, _ theirs: [Int]
  ) -> [String]? {
    let mine = Set(own.compactMap { training.rows[$0].subject })
    let others = Set(theirs.compactMap { test.rows[$0].subject })
    guard !mine.isEmpty, !others.isEmpty else { return nil }
    guard training.record.card.name == test.record.card.name else { return [] }
    return mine.intersection(others).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
