import Artifacts

/// The digest of a folder as `ContentDigest.listing` makes it, from one file after another.
struct FolderHasher: ~Copyable {
  private var hasher = DigestHasher()
  private var lines: [UInt8] = Array("ferry-folder-1\n".utf8)

  init() { lines.reserveCapacity(1 << 17) }

  /// Adds a file whose path is `prefix` and `name`; files come in the order of their paths' bytes.
  mutating func add(
    _ prefix: [UInt8], _ name: UnsafeRawBufferPointer, size: Int, digest: UnsafeRawBufferPointer
  ) {
    append(prefix.count + name.count)
    lines.append(UInt8(ascii: ":"))
    lines.append(contentsOf: prefix)
    lines.append(contentsOf: name)
    lines.append(UInt8(ascii: " "))
    append(size)
    lines.append(UInt8(ascii: " "))
    for byte in digest {
      lines.append(Self.digit(byte >> 4))
      lines.append(Self.digit(byte & 15))
    }
    lines.append(UInt8(ascii: "\n"))
    if lines.count > 1 << 16 { flush() }
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// A count in decimal digits.
  private mutating func append(_ number: Int) {
    var divisor = 1
    while number / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      lines.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  private mutating func flush() {
    lines.withUnsafeBytes { hasher.update($0) }
    lines.removeAll(keepingCapacity: true)
  }

  consuming func finish() -> Digest {
    flush()
    return hasher.finish()
  }
}
