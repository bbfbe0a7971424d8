import Artifacts
import Platform

/// A shards artifact, opened: pictures and labels in memory-mapped columns, a row about each.
public final class ShardSet: Sendable {
  public static let columnsName = "columns.safetensors"

  public let artifact: Artifact
  /// The description of the data: dataset, protocol, classes, counts.
  public let record: DatasetRecord
  public let rows: [ShardRow]
  /// Class indexes into `classes`.
  public let labels: [Int]
  /// Label distributions [rows, classes], where the dataset has them.
  public let soft: [Float]?
  /// The pictures' height and width in px.
  public let size: Int
  private let file: SafetensorsFile
  private let column: TensorEntry

  public var classes: ClassList { record.classes }

  public var count: Int { rows.count }

  /// Opens the artifact and checks that columns and index agree.
  ///
  /// - Throws: `Fault`.
  public init(_ directory: String, schema: Int = 1) throws {
    artifact = try Artifact.open(directory, kind: "shards", schema: schema)
    let place = Fault.Place(Files.join(directory, Artifact.recordName))
    record = try DatasetRecord(json: artifact.metadata, at: place)
    let index = Files.join(directory, RowCollection.indexName)
    rows = try RowCollectionReader(directory).rows.enumerated().map {
      try ShardRow(json: $1, at: .init(index, line: $0 + 1))
    }
    file = try SafetensorsFile(artifact.path(Self.columnsName))
    let count = rows.count
    column = try file.require("image", .uint8, shape: [count, nil, nil, 3])
    guard column.shape[1] == column.shape[2] else {
      throw Fault(.badInput, "the pictures are not square", at: .init(file.path))
    }
    size = column.shape[1]
    labels = file.integers(try file.require("label", .int64, shape: [count]))
    let classes = record.classes.count
    if let wrong = labels.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw Fault(
        .badInput, "the label \(labels[wrong]) is not one of \(classes) classes",
        at: .init(file.path))
    }
    soft =
      try file["soft"] == nil
      ? nil : file.floats(try file.require("soft", .float32, shape: [count, classes]))
  }

  /// Runs `body` with the bytes of picture `index`, while the map behind them is held.
  ///
  /// Shapes: [size, size, 3], rows from the top, red green blue.
  public func withImage<R>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> R
  ) rethrows -> R {
    try withExtendedLifetime(self) { try body(image(index)) }
  }

  /// The bytes of picture `index`, valid for as long as this object lives.
  public func image(_ index: Int) -> UnsafeRawBufferPointer {
    let bytes = size * size * 3
    return UnsafeRawBufferPointer(
      rebasing: file.bytes(column)[index * bytes..<(index + 1) * bytes])
  }

  /// The row numbers of a split, in order.
  public func indices(_ split: Split) -> [Int] { rows.indices.filter { rows[$0].split == split } }

  /// The rows that a test on this data uses: its test set, or all where it is one whole.
  ///
  /// - Throws: `Fault` where the data has neither.
  public func testIndices() throws -> [Int] {
    for split in [Split.test, .all] {
      let found = indices(split)
      if !found.isEmpty { return found }
    }
    throw Fault(
      .badInput, "the shards have no test rows", at: .init(artifact.directory),
      remedy: "ingest a test set, or make one with holdout")
  }
}
