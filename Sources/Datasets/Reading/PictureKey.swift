import Platform

/// 32 bits made of a picture's bytes, to find pictures that may be the same.
///
/// A chain of multiplications, folded (as in wyhash), at a fraction of the time of a digest.
package struct PictureKey: Sendable {
  let bits: UInt32

  package init(_ picture: [UInt8]) {
    var chain: UInt64 = 0x9E37_79B9_7F4A_7C15 ^ UInt64(picture.count)
    picture.withUnsafeBytes { bytes in
      var position = 0
      while position + 16 <= bytes.count {
        let first = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let second = bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)
        chain = Self.fold(chain ^ first, second ^ 0xA076_1D64_78BD_642F)
        position += 16
      }
      while position < bytes.count {
        chain = Self.fold(chain ^ UInt64(bytes[position]), 0x8EBC_6AF0_9C88_C6E3)
        position += 1
      }
    }
    bits = UInt32(truncatingIfNeeded: Self.fold(chain, 0x1D8E_4E27_C47D_124F))
  }

  /// For tests: pictures of one key.
  package init(bits: UInt32) { self.bits = bits }

  /// The entry of a picture in a table: the key above, the number, from 1, below.
  package func entry(number: Int) -> UInt64 {
    UInt64(bits) << 32 | UInt64(UInt32(truncatingIfNeeded: number + 1))
  }

  /// Both halves of the product, so that every bit of either factor counts.
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}

/// The keys of the pictures that were written, to find those that occur twice: some ten bytes each.
///
/// Keys only say where to look: of five million pictures one in a thousand meets the key of another,
/// and somebody may make any number of one key. So it is the bytes that decide, and no more than
/// `mostLooks` pictures of one key are looked at, beyond which a second copy may stay unnoted.
package struct PictureLedger {
  package static let mostLooks = 8

  private var table = CompactTable(keyBits: 32)

  package init() {}

  /// Enters a picture, and returns what `look` says of the first earlier one that has its key and for
  /// which it does not return nil.
  package mutating func enter<R>(
    _ key: PictureKey, number: Int, _ look: (Int) throws -> R?
  ) rethrows -> R? {
    let entry = key.entry(number: number)
    var looks = 0
    let found = try table.first(like: entry) { other -> Look<R>? in
      if let found = try look(Int(other & 0xFFFF_FFFF) - 1) { return .found(found) }
      looks += 1
      return looks == Self.mostLooks ? .enough : nil
    }
    switch found {
    case .found(let result): return result
    case .enough: return nil
    case nil:
      table.insert(entry)
      return nil
    }
  }

  private enum Look<R> {
    case found(R)
    case enough
  }
}
