import CCrypto
import Glibc
import Platform

/// A SHA-256 digest.
public struct Digest: Sendable, Hashable, CustomStringConvertible {
  /// The 32 bytes.
  public let bytes: [UInt8]

  public init(bytes: [UInt8]) {
    precondition(bytes.count == 32)
    self.bytes = bytes
  }

  /// The digest written as 64 hexadecimal digits, or nil where `hex` is not one.
  public init?(hex: some StringProtocol) {
    let digits = Array(hex.utf8)
    guard digits.count == 64 else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(32)
    for pair in stride(from: 0, to: 64, by: 2) {
      guard let high = Self.digit(digits[pair]), let low = Self.digit(digits[pair + 1]) else {
        return nil
      }
      bytes.append(high << 4 | low)
    }
    self.bytes = bytes
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }

  /// The digest of `data`.
  public init(hashing data: some Sequence<UInt8>) {
    var hasher = DigestHasher()
    hasher.update(data)
    self = hasher.finish()
  }

  public init(hashing text: String) { self.init(hashing: text.utf8) }

  /// The digest of a file's bytes.
  /// - Throws: `Fault` where the file cannot be read.
  public init(ofFile path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Files.fault("open", path) }
    defer { close(descriptor) }
    var hasher = DigestHasher()
    let size = 1 << 18
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 64)
    defer { buffer.deallocate() }
    while true {
      let got = Glibc.read(descriptor, buffer.baseAddress, size)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Files.fault("read", path) }
      if got == 0 { break }
      hasher.update(UnsafeRawBufferPointer(rebasing: buffer[0..<got]))
    }
    self = hasher.finish()
  }

  private static func character(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
  }

  /// 64 lower-case hexadecimal digits.
  public var hex: String {
    String(unsafeUninitializedCapacity: 64) { text in
      for (index, byte) in bytes.enumerated() {
        text[2 * index] = Self.character(byte >> 4)
        text[2 * index + 1] = Self.character(byte & 15)
      }
      return 64
    }
  }

  /// The first twelve hexadecimal digits, for people.
  public var short: String { String(hex.prefix(12)) }

  public var description: String { hex }
}

/// A SHA-256 computation in steps.
public struct DigestHasher: ~Copyable {
  private let context: OpaquePointer

  public init() {
    context = EVP_MD_CTX_new()
    let started = EVP_DigestInit_ex(context, EVP_sha256(), nil)
    precondition(started == 1, "libcrypto has no SHA-256")
  }

  deinit { EVP_MD_CTX_free(context) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count > 0 { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }
  }

  public mutating func update(_ data: some Sequence<UInt8>) {
    let done: Void? = data.withContiguousStorageIfAvailable {
      update(UnsafeRawBufferPointer($0))
    }
    if done == nil { Array(data).withUnsafeBytes { update($0) } }
  }

  /// The digest of everything given so far; the computation ends here.
  public consuming func finish() -> Digest {
    var bytes = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &bytes, nil)
    return Digest(bytes: bytes)
  }
}
