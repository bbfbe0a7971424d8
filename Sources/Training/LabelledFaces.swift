import Methods
import Platform
import Samples

/// Aligned faces with their labels: rows of shards, or anything else that gives pictures.
public struct LabelledFaces: Sendable {
  /// Width and height of every face, px.
  public let size: Int
  public let ids: [String]
  /// The class index of each face.
  public let labels: [Int]
  /// Label distributions `[N, K]`, row-major, where the data have them.
  public let soft: [Double]?
  public let classCount: Int
  private let picture: @Sendable (Int) -> UnsafeBufferPointer<UInt8>

  /// - Parameter picture: the pixels `[size, size, 3]` of a face, valid as long as this value.
  public init(
    size: Int, ids: [String], labels: [Int], soft: [Double]? = nil, classCount: Int,
    picture: @escaping @Sendable (Int) -> UnsafeBufferPointer<UInt8>
  ) {
    precondition(ids.count == labels.count && (soft?.count ?? 0) % max(classCount, 1) == 0)
    self.size = size
    self.ids = ids
    self.labels = labels
    self.soft = soft
    self.classCount = classCount
    self.picture = picture
  }

  public var count: Int { labels.count }

  /// The pixels of a face.
  public func pixels(_ row: Int) -> UnsafeBufferPointer<UInt8> { picture(row) }

  /// The faces at `rows`, in that order.
  public func subset(_ rows: [Int]) -> LabelledFaces {
    LabelledFaces(
      size: size, ids: rows.map { ids[$0] }, labels: rows.map { labels[$0] },
      soft: soft.map { soft in
        rows.flatMap { soft[$0 * classCount..<($0 + 1) * classCount] }
      }, classCount: classCount, picture: { [picture] in picture(rows[$0]) })
  }

  /// The targets of a batch's faces.
  public func targets(_ rows: [Int], smoothing: Double) -> Targets {
    if let soft {
      return Targets(
        soft: rows.flatMap { soft[$0 * classCount..<($0 + 1) * classCount] },
        classCount: classCount, smoothing: smoothing)
    }
    return Targets(
      labels: rows.map { labels[$0] }, classCount: classCount, smoothing: smoothing)
  }
}

extension LabelledFaces {
  /// Rows of shards.
  ///
  /// Label distributions are taken where the dataset's rule makes them the labels.
  public init(_ shards: ShardSet, rows: [Int]) {
    let classCount = shards.classes.count
    let usesSoft = shards.record.rule == "probability"
    self.init(
      size: shards.size, ids: rows.map { shards.rows[$0].id },
      labels: rows.map { shards.labels[$0] },
      soft: (usesSoft ? shards.soft : nil).map { soft in
        rows.flatMap { soft[$0 * classCount..<($0 + 1) * classCount].map(Double.init) }
      }, classCount: classCount,
      picture: { shards.image(rows[$0]).assumingMemoryBound(to: UInt8.self) })
  }
}
