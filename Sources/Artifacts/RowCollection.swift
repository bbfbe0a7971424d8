import Platform

/// Rows with an optional payload each: an index of JSON lines beside WebDataset-style tar shards.
///
/// `index.jsonl` has one canonical JSON object a line, in order. A row with a payload also has the
/// member `payload`: `{shard, offset, size, name}`, which gives random access without reading the
/// tar. In the shard the payload is `<key>.<extension>`, followed by the row as `<key>.json`, where
/// the key is the row's number in eight digits.
public enum RowCollection {
  public static let indexName = "index.jsonl"
  /// The folder of the shards.
  public static let shardsName = "shards"

  /// A new shard starts after this many bytes.
  public static let shardLimit = 64 << 20
}

/// Writes a row collection into a directory, one row after another.
public final class RowCollectionWriter {
  private let directory: String
  private let index: BufferedFile
  private var shard: BufferedFile?
  private var shardCount = 0
  /// The offset of every `stride`-th row in the index.
  private var starts: [Int] = []
  private var digests: [String: Digest] = [:]
  /// Files that are being forced to disk.
  private var closing: [Future<Void>] = []
  /// How many rows were written.
  public private(set) var count = 0

  private static let stride = 64

  public init(_ directory: String) throws {
    self.directory = directory
    try Files.makeDirectories(directory)
    index = try BufferedFile(Files.join(directory, RowCollection.indexName), digesting: true)
  }

  /// Appends a row, which must be an object without the member `payload`.
  /// - Parameters:
  ///   - payload: the bytes that go with the row, such as a JPEG file.
  ///   - extension: the payload's file name extension, without the dot.
  public func append(_ row: JSONValue, payload: [UInt8]? = nil, extension suffix: String = "jpg")
    throws
  {
    try append(RowLine(row), payload: payload, extension: suffix)
  }

  /// Appends a row that is written out already.
  public func append(_ row: RowLine, payload: [UInt8]? = nil, extension suffix: String = "jpg")
    throws
  {
    if count % Self.stride == 0 { starts.append(index.size) }
    // The row is written out once: the index has it with one member more than the shard.
    let place = try payload.map { try store($0, row.bytes, suffix) }
    try index.append(place.map { row.bytes(with: $0) } ?? row.bytes)
    try index.append(CollectionOfOne(UInt8(ascii: "\n")))
    count += 1
  }

  /// Returns where the payload stands, as canonical text.
  private func store(_ payload: [UInt8], _ row: [UInt8], _ suffix: String) throws -> String {
    if let full = shard, full.size > RowCollection.shardLimit { try closeShard(full) }
    let path = shardName(shardCount)
    let shard = try self.shard ?? openShard(path)
    let key = padded(count, 8)
    let name = "\(key).\(suffix)"
    let offset = shard.size + Tar.block
    for (name, data) in [(name, payload), ("\(key).json", row)] {
      try shard.append(Tar.header(name, size: data.count))
      try shard.append(data)
      try shard.append(Tar.padding(after: data.count))
    }
    return "{\"name\":\"\(name)\",\"offset\":\(offset),\"shard\":\"\(path)\",\"size\":"
      + "\(payload.count)}"
  }

  private func shardName(_ number: Int) -> String {
    "\(RowCollection.shardsName)/\(padded(number, 5)).tar"
  }

  private func openShard(_ path: String) throws -> BufferedFile {
    try Files.makeDirectories(Files.join(directory, RowCollection.shardsName))
    let opened = try BufferedFile(Files.join(directory, path), digesting: true)
    shard = opened
    return opened
  }

  private func closeShard(_ full: BufferedFile) throws {
    try full.append([UInt8](repeating: 0, count: 2 * Tar.block))
    try close(full, shardName(shardCount))
    shard = nil
    shardCount += 1
  }

  /// The disk works on while more is written.
  private func close(_ file: BufferedFile, _ name: String) throws {
    let (digest, done) = try file.closeMeanwhile()
    digests[name] = digest
    closing.append(done)
  }

  /// Reads an earlier row back, and its payload where it has one.
  public func read(_ number: Int) throws -> (row: JSONValue, payload: [UInt8]?) {
    precondition((0..<count).contains(number), "there is no such row yet")
    let block = number / Self.stride
    let end = block + 1 < starts.count ? starts[block + 1] : index.size
    let lines = try index.read(starts[block]..<end).split(separator: UInt8(ascii: "\n"))
    let path = Files.join(directory, RowCollection.indexName)
    let here = Fault.Place(path, line: number + 1)
    var row = try JSONValue.parse(lines[number % Self.stride], file: path)
    let place = try row["payload"].map { try RowCollection.Place($0, at: here) }
    row["payload"] = nil
    return (row, try place.map { try payload(at: $0) })
  }

  private func payload(at place: RowCollection.Place) throws -> [UInt8] {
    if let shard, place.shard == shardName(shardCount) { return try shard.read(place.range) }
    return try Files.read(place.range, of: Files.join(directory, place.shard))
  }

  /// Ends the last shard and the index, and returns the digests of all files by their paths.
  @discardableResult
  public func finish() throws -> [String: Digest] {
    if let shard { try closeShard(shard) }
    try close(index, RowCollection.indexName)
    for done in closing { try done.get() }
    return digests
  }
}

extension RowCollection {
  /// The location of a payload.
  struct Place: Sendable {
    var shard: String
    var range: Range<Int>
    var name: String

    init(_ json: JSONValue, at here: Fault.Place) throws {
      guard let shard = json["shard"]?.string, let offset = json["offset"]?.integer,
        let size = json["size"]?.integer, let name = json["name"]?.string, offset >= 0, size >= 0,
        !shard.hasPrefix("/"), !shard.split(separator: "/").contains(".."),
        !offset.addingReportingOverflow(size).overflow
      else { throw Fault(.badInput, "a damaged payload entry", at: here) }
      self.shard = shard
      range = offset..<offset + size
      self.name = name
    }
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
  private let places: [RowCollection.Place?]
  private let shards: [String: MappedFile]
  private let directory: String

  /// Opens the collection in `directory`.
  /// - Throws: `Fault` where the index is damaged or names bytes that are not there.
  public init(_ directory: String) throws {
    self.directory = directory
    var rows: [JSONValue] = []
    var places: [RowCollection.Place?] = []
    var shards: [String: MappedFile] = [:]
    let path = Files.join(directory, RowCollection.indexName)
    for (number, line) in try Files.read(path).split(separator: UInt8(ascii: "\n")).enumerated() {
      let here = Fault.Place(path, line: number + 1)
      var row: JSONValue
      do { row = try JSONValue.parse(line, file: path) } catch let fault as Fault {
        throw Fault(.badInput, fault.message, at: here)
      }
      let place = try row["payload"].map { try RowCollection.Place($0, at: here) }
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
