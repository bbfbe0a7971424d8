import Artifacts
import Platform

/// The files below a folder with sizes and digests: what the folder holds, in canonical form.
struct Listing: Sendable, Equatable {
  struct File: Sendable, Equatable {
    /// Relative to the folder.
    var path: String
    var size: Int
    var digest: Digest
  }

  var files: [File] = []

  var bytes: Int { files.reduce(0) { $0 + $1.size } }

  mutating func sort() {
    files.sort { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
  }

  /// The digest of a folder with these files.
  var digest: Digest { ContentDigest.listing(files.map { ($0.path, $0.size, $0.digest) }) }
}

/// An unambiguous encoding for hashing: every item has a type tag, texts and lists their length.
struct CanonicalEncoder {
  private(set) var bytes: [UInt8] = []

  init() { bytes.reserveCapacity(1024) }

  var digest: Digest { Digest(hashing: bytes) }

  mutating func append(_ text: String) {
    tag("s", text.utf8.count)
    bytes += text.utf8
  }

  mutating func append(_ number: Int) {
    tag("i", number)
  }

  mutating func append(_ digest: Digest) {
    bytes.append(UInt8(ascii: "h"))
    bytes += digest.bytes
  }

  /// A digest as the text of its 64 digits.
  mutating func append(hex digest: Digest) {
    tag("s", 64)
    for byte in digest.bytes {
      bytes.append(Self.digits[Int(byte >> 4)])
      bytes.append(Self.digits[Int(byte & 15)])
    }
  }

  private static let digits = Array("0123456789abcdef".utf8)

  /// Announces an object of `count` members, each a name and a value, sorted by their names.
  mutating func beginObject(_ count: Int) { tag("o", count) }

  /// Announces an array of `count` values.
  mutating func beginArray(_ count: Int) { tag("a", count) }

  mutating func append(_ value: JSONValue) {
    switch value {
    case .null: bytes.append(UInt8(ascii: "n"))
    case .bool(let value): bytes.append(UInt8(ascii: value ? "t" : "f"))
    case .integer(let value): append(value)
    case .number(let value):
      bytes.append(UInt8(ascii: "d"))
      bytes.append(little: value.bitPattern)
    case .string(let value): append(value)
    case .array(let values):
      beginArray(values.count)
      for value in values { append(value) }
    case .object(let members):
      beginObject(members.count)
      let keys = members.keys.sorted { $0.utf8Precedes($1) }
      for key in keys {
        append(key)
        append(members[key] ?? .null)
      }
    }
  }

  private mutating func tag(_ tag: Unicode.Scalar, _ number: Int) {
    bytes.append(UInt8(ascii: tag))
    bytes.append(little: UInt64(bitPattern: Int64(number)))
  }
}
