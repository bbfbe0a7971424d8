/// Many 64-bit entries at nine to twelve bytes each, found by their upper bits.
///
/// A table of open addressing. Places follow from a seed that each process draws anew, so that nobody
/// can prepare entries that crowd together; what is found does not depend on it.
public struct CompactTable: Sendable {
  /// Zero stands for an empty place.
  private var places: [UInt64] = []
  private let shift: UInt64
  /// How many entries it holds.
  public private(set) var count = 0

  /// - Parameter keyBits: how many upper bits of an entry it is found by.
  public init(keyBits: Int = 64) {
    precondition((1...64).contains(keyBits))
    shift = UInt64(64 - keyBits)
  }

  /// Calls `body` with each entry whose key is that of `entry`, in the order in which they came, until
  /// it returns a value.
  public func first<R>(like entry: UInt64, _ body: (UInt64) throws -> R?) rethrows -> R? {
    guard !places.isEmpty else { return nil }
    var place = home(entry)
    while places[place] != 0 {
      if places[place] >> shift == entry >> shift, let found = try body(places[place]) {
        return found
      }
      place = place + 1 == places.count ? 0 : place + 1
    }
    return nil
  }

  /// Adds an entry, which must not be 0.
  public mutating func insert(_ entry: UInt64) {
    precondition(entry != 0, "zero stands for an empty place")
    if 8 * (count + 1) > 7 * places.count { grow() }
    put(entry)
    count += 1
  }

  private func home(_ entry: UInt64) -> Int {
    var hasher = Hasher()
    hasher.combine(entry >> shift)
    let hash = UInt64(truncatingIfNeeded: hasher.finalize())
    return Int(hash.multipliedFullWidth(by: UInt64(places.count)).high)
  }

  private mutating func put(_ entry: UInt64) {
    var place = home(entry)
    while places[place] != 0 { place = place + 1 == places.count ? 0 : place + 1 }
    places[place] = entry
  }

  /// Entries of one key keep their order: they are taken from behind an empty place, all around.
  private mutating func grow() {
    let old = places
    places = [UInt64](repeating: 0, count: max(64, old.count + old.count / 4))
    guard let gap = old.firstIndex(of: 0) else { return }
    for entry in old[gap...] where entry != 0 { put(entry) }
    for entry in old[..<gap] where entry != 0 { put(entry) }
  }
}

/// Texts that were met, each remembered as a fingerprint of 64 bits.
///
/// Two texts of one fingerprint pass for the same: among five million the chance of one such pair is
/// one in a million, and somebody who makes one on purpose has one of his own two texts passed over.
public struct TextSet: Sendable {
  private var table = CompactTable()

  public init() {}

  /// Adds a text; false where it is there.
  public mutating func insert(_ text: String) -> Bool {
    let mark = Self.fingerprint(text)
    guard table.first(like: mark, { $0 }) == nil else { return false }
    table.insert(mark)
    return true
  }

  /// FNV-1a.
  private static func fingerprint(_ text: String) -> UInt64 {
    var text = text
    return text.withUTF8 { bytes in
      var mark: UInt64 = 0xCBF2_9CE4_8422_2325
      for byte in bytes { mark = (mark ^ UInt64(byte)) &* 0x100_0000_01B3 }
      return max(1, mark)
    }
  }
}
