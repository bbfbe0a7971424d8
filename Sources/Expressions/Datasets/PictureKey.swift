/// 128 bits made of a picture's bytes, to find pictures that occur twice.
///
/// Two chains of multiplications, folded (as in wyhash), at a fraction of the time of a cryptographic
/// digest. Equal bytes give equal keys; other bytes give other keys unless somebody means them not to,
/// who then gains a false remark in `rejects.csv` and nothing else.
struct PictureKey: Hashable, Sendable {
  private var high: UInt64
  private var low: UInt64

  init(_ picture: [UInt8]) {
    var (a, b) = (0x9E37_79B9_7F4A_7C15 as UInt64, 0xC2B2_AE3D_27D4_EB4F as UInt64)
    picture.withUnsafeBytes { bytes in
      var position = 0
      while position + 16 <= bytes.count {
        let first = bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self)
        let second = bytes.loadUnaligned(fromByteOffset: position + 8, as: UInt64.self)
        a = Self.fold(a ^ first, second ^ 0xA076_1D64_78BD_642F)
        b = Self.fold(b ^ second, first ^ 0xE703_7ED1_A0B4_28DB)
        position += 16
      }
      while position < bytes.count {
        a = Self.fold(a ^ UInt64(bytes[position]), 0x8EBC_6AF0_9C88_C6E3)
        b = Self.fold(b ^ UInt64(bytes[position]), 0x5899_65CC_7537_4CC3)
        position += 1
      }
    }
    let count = UInt64(picture.count)
    high = Self.fold(a ^ count, 0x1D8E_4E27_C47D_124F)
    low = Self.fold(b ^ count, 0xEB44_ACCA_B455_D165)
  }

  /// Both halves of the product, so that every bit of either factor counts.
  private static func fold(_ a: UInt64, _ b: UInt64) -> UInt64 {
    let product = a.multipliedFullWidth(by: b)
    return product.high ^ product.low
  }
}
