import Platform

/// Makes one changed file of a corpus; equal seeds and numbers give equal files.
struct Mutator {
  private var generator: SeededGenerator
  private let corpus: [[UInt8]]

  /// Values that sizes and counts go wrong at.
  private static let edges: [UInt64] = [
    0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF,
    0x7FFF_FFFF_FFFF_FFFF, .max,
  ]
  private static let words = [
    "-1", "NaN", "1e999", "99999999999999999999", "\"", ",", "\n", "\r", "",
  ]

  init(seed: UInt64, number: UInt64, corpus: [[UInt8]]) {
    generator = SeededGenerator(seed: seed, number)
    self.corpus = corpus
  }

  mutating func next() -> [UInt8] {
    var bytes = corpus[generator.below(corpus.count)]
    for _ in 0...generator.below(6) where !bytes.isEmpty { change(&bytes) }
    return bytes
  }

  private mutating func change(_ bytes: inout [UInt8]) {
    let place = generator.below(bytes.count)
    switch generator.below(8) {
    case 0: bytes[place] ^= 1 << UInt8(generator.below(8))
    case 1: bytes[place] = UInt8(generator.below(256))
    case 2: bytes.removeSubrange(place..<min(bytes.count, place + 1 + generator.below(16)))
    case 3:
      let end = min(bytes.count, place + 1 + generator.below(64))
      bytes.insert(contentsOf: bytes[place..<end], at: generator.below(bytes.count))
    case 4: bytes.removeSubrange(place...)
    case 5: number(&bytes, place)
    case 6:
      let word = Self.words[generator.below(Self.words.count)]
      bytes.replaceSubrange(place..<min(bytes.count, place + word.utf8.count), with: word.utf8)
    default: splice(&bytes, place)
    }
  }

  /// Writes an edge value over one, two, four or eight bytes, in either order.
  private mutating func number(_ bytes: inout [UInt8], _ place: Int) {
    let width = 1 << generator.below(4)
    let value = Self.edges[generator.below(Self.edges.count)]
    let isBig = generator.chance(0.5)
    for index in 0..<width where place + index < bytes.count {
      let shift = UInt64(8 * (isBig ? width - 1 - index : index))
      bytes[place + index] = UInt8(truncatingIfNeeded: value >> shift)
    }
  }

  /// Goes on with a part of another file.
  private mutating func splice(_ bytes: inout [UInt8], _ place: Int) {
    let other = corpus[generator.below(corpus.count)]
    guard !other.isEmpty else { return }
    bytes.replaceSubrange(place..., with: other[generator.below(other.count)...])
  }
}
