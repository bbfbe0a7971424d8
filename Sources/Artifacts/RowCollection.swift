import Platform

/// Rows with an optional payload each: an index of JSON lines beside WebDataset-style tar shards.
///
/// `index.jsonl` has one canonical JSON object a line, in order. A row with a payload also has the
/// member `payload`: `{shard, offset, size, name}`, which gives random access without reading the
/// tar. In the shard the payload is `<key>.<extension>`, followed by the row as `<key>.json`, where
/// the key is the row's number in eight digits.
public enum RowCollection {
  public static let indexName = "index.jsonl"

  /// A new shard starts after this many bytes.
  public static let shardLimit = 64 << 20
}

/// Writes a row collection into a directory, one row after another.
public final class RowCollectionWriter {
  private let directory: String
  private var index: BufferedFile
  private var shard: BufferedFile?
  private var shardCount = 0
  /// How many rows were written.
  public private(set) var count = 0

  public init(_ directory: String) throws {
    self.directory = directory
    try Files.makeDirectories(directory)
    index = try BufferedFile(Files.join(directory, RowCollection.indexName))
  }

  /// Appends a row, which must be an object without the member `payload`.
  /// - Parameters:
  ///   - payload: the bytes that go with the row, such as a JPEG file.
  ///   - extension: the payload's file name extension, without the dot.
  public func append(_ row: JSONValue, payload: [UInt8]? = nil, extension suffix: String = "jpg")
    throws
  {
    precondition(row["payload"] == nil, "'payload' is the collection's own member")
    // The row is written out once: the index has it with one member more than the shard.
    var (line, place) = row.canonicalBytes(placing: "payload")
    if let payload, let member = try store(payload, line, suffix) {
      let text = Array("\"payload\":".utf8) + member.canonicalBytes
      let comma = [UInt8(ascii: ",")]
      let isFirst = place == 1
      let isLast = place == line.count - 1
      line.insert(
        contentsOf: (isFirst ? [] : comma) + text + (isFirst && !isLast ? comma : []), at: place)
    }
    line.append(UInt8(ascii: "\n"))
    try index.append(line)
    count += 1
  }

  private func store(_ payload: [UInt8], _ row: [UInt8], _ suffix: String) throws -> JSONValue? {
    if let full = shard, full.size > RowCollection.shardLimit { try closeShard(full) }
    let name = "shards/\(padded(shardCount, 5)).tar"
    if shard == nil {
      try Files.makeDirectories(Files.join(directory, "shards"))
      shard = try BufferedFile(Files.join(directory, name))
    }
    guard let shard else { return nil }
    let key = padded(count, 8)
    let offset = shard.size + Tar.block
    for (name, data) in [("\(key).\(suffix)", payload), ("\(key).json", row)] {
      try shard.append(Tar.header(name, size: data.count))
      try shard.append(data)
      try shard.append(Tar.padding(after: data.count))
    }
    return [
      "shard": .string(name), "offset": .integer(offset), "size": .integer(payload.count),
      "name": .string("\(key).\(suffix)"),
    ]
  }

  private func closeShard(_ full: BufferedFile) throws {
    try full.append([UInt8](repeating: 0, count: 2 * Tar.block))
    try full.close()
    shard = nil
    shardCount += 1
  }

  /// Ends the last shard and the index.
  public func finish() throws {
    if let shard { try closeShard(shard) }
    try index.close()
  }
}

/// `number` in decimal with leading zeros.
public func padded(_ number: Int, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

/// Reads a row collection: all rows at once, payloads at random through memory maps.
public final class RowCollectionReader: Sendable {
  /// The rows in order, each without its `payload` member.
  public let rows: [JSONValue]
  private let places: [Place?]
  private let shards: [String: MappedFile]
  private let directory: String

  private struct Place: Sendable {
    var shard: String
    var range: Range<Int>
    var name: String
  }

  /// Opens the collection in `directory`.
  /// - Throws: `Fault` where the index is damaged or names bytes that are not there.
  public init(_ directory: String) throws {
    self.directory = directory
    var rows: [JSONValue] = []
    var places: [Place?] = []
    var shards: [String: MappedFile] = [:]
    let path = Files.join(directory, RowCollection.indexName)
    for (number, line) in try Files.read(path).split(separator: UInt8(ascii: "\n")).enumerated() {
      let here = Fault.Place(path, line: number + 1)
      var row: JSONValue
      do { row = try JSONValue.parse(line, file: path) } catch let fault as Fault {
        throw Fault(.badInput, fault.message, at: here)
      }
      let place = try row["payload"].map { try Self.place($0, at: here) }
      if let place {
        let map = try shards[place.shard] ?? MappedFile(Files.join(directory, place.shard))
        shards[place.shard] = map
        guard place.range.upperBound <= map.bytes.count else {
          throw Fault(.badInput, "the payload lies outside \(place.shard)", at: here)
        }
      }
      row["payload"] = nil
      rows.append(row)
      places.append(place)
    }
    self.rows = rows
    self.places = places
    self.shards = shards
  }

  private static func place(_ json: JSONValue, at here: Fault.Place) throws -> Place {
    guard let shard = json["shard"]?.string, let offset = json["offset"]?.integer,
      let size = json["size"]?.integer, let name = json["name"]?.string, offset >= 0, size >= 0,
      !shard.hasPrefix("/"), !shard.split(separator: "/").contains(".."),
      !offset.addingReportingOverflow(size).overflow
    else { throw Fault(.badInput, "a damaged payload entry", at: here) }
    return Place(shard: shard, range: offset..<offset + size, name: name)
  }

  /// Calls `body` with the payload of row `index`, keeping its shard mapped meanwhile.
  public func withPayload<R>(_ index: Int, _ body: (UnsafeRawBufferPointer?) throws -> R)
    rethrows -> R
  {
    try withExtendedLifetime(self) { try body(payload(index)) }
  }

  /// The payload of row `index`, or nil; valid for as long as this object lives (see `MappedFile`).
  public func payload(_ index: Int) -> UnsafeRawBufferPointer? {
    guard let place = places[index], let map = shards[place.shard] else { return nil }
    return UnsafeRawBufferPointer(rebasing: map.bytes[place.range])
  }

  /// The payload's file name (`00000012.jpg`), or nil.
  public func payloadName(_ index: Int) -> String? { places[index]?.name }
}
