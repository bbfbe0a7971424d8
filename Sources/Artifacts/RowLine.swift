/// A row as its line of the index: an object's canonical text, and where in it the collection's own
/// member `payload` stands.
public struct RowLine: Sendable {
  private(set) var bytes: [UInt8]
  /// At the comma after the member before `payload`, or after the opening brace.
  private(set) var place: Int

  /// Writes out a row, which must be an object.
  public init(_ row: JSONValue) {
    precondition(row["payload"] == nil, "'payload' is the collection's own member")
    (bytes, place) = row.canonicalBytes(placing: "payload")
  }

  /// Starts a row whose members are then given in the order of their names, and sealed.
  public init() {
    bytes = [UInt8(ascii: "{")]
    bytes.reserveCapacity(192)
    place = 1
  }

  /// Adds a member that is text.
  public mutating func add(_ name: StaticString, _ text: String) {
    begin(name)
    JSONValue.write(text, to: &bytes)
    end(name)
  }

  /// Adds a member.
  public mutating func add(_ name: StaticString, _ value: JSONValue) {
    begin(name)
    bytes += value.canonicalBytes
    end(name)
  }

  private mutating func begin(_ name: StaticString) {
    if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
    bytes.append(UInt8(ascii: "\""))
    name.withUTF8Buffer { bytes += $0 }
    bytes.append(UInt8(ascii: "\""))
    bytes.append(UInt8(ascii: ":"))
  }

  private mutating func end(_ name: StaticString) {
    let isBefore = name.withUTF8Buffer { $0.lexicographicallyPrecedes("payload".utf8) }
    if isBefore { place = bytes.count }
  }

  /// Ends a row that was given member by member.
  public mutating func seal() { bytes.append(UInt8(ascii: "}")) }

  /// The text with the member `payload`.
  func bytes(with payload: String) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(bytes.count + payload.utf8.count + 16)
    line += bytes[..<place]
    if place > 1 { line.append(UInt8(ascii: ",")) }
    line += "\"payload\":".utf8
    line += payload.utf8
    let isLast = place == bytes.count - 1
    if place == 1, !isLast { line.append(UInt8(ascii: ",")) }
    line += bytes[place...]
    return line
  }
}
