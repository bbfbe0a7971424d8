/// A symbol's bytes as a key: equal where the bytes are, unlike strings, which compare by meaning.
struct Spelling: Hashable {
  private let bytes: [UInt8]

  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  func hash(into hasher: inout Hasher) {
    bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
