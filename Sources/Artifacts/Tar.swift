/// The POSIX ustar entries of our own shards: plain files, fixed owner, mode and time.
enum Tar {
  static let block = 512

  /// The header of an entry of `size` bytes; data and padding follow it.
  static func header(_ name: String, size: Int) -> [UInt8] {
    precondition(name.utf8.count <= 100, "ustar names have at most 100 bytes")
    precondition(size >> 33 == 0, "ustar sizes have at most eleven octal digits")
    var header = blank
    var sum = blankSum
    header.withUnsafeMutableBufferPointer { header in
      for (index, byte) in name.utf8.enumerated() {
        header[index] = byte
        sum += Int(byte)
      }
      sum += put(size, digits: 11, at: 124, header)
      _ = put(sum, digits: 6, at: 148, header)
      header[154] = 0
    }
    return header
  }

  static func padding(after size: Int) -> ArraySlice<UInt8> {
    zeros[..<((block - size % block) % block)]
  }

  private static let zeros = [UInt8](repeating: 0, count: block)

  /// A header without name and size, whose sum of bytes counts as blanks, as it is to be summed.
  private static let blank: [UInt8] = {
    var header = zeros
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put("0000644\0", at: 100)
    put("0000000\0", at: 108)
    put("0000000\0", at: 116)
    put("00000000000\0", at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\0", at: 257)
    put("00", at: 263)
    return header
  }()

  private static let blankSum = blank.reduce(0) { $0 + Int($1) }

  /// Writes octal digits where there were zeros, and returns their sum.
  private static func put(
    _ number: Int, digits: Int, at offset: Int, _ header: UnsafeMutableBufferPointer<UInt8>
  ) -> Int {
    var rest = number
    var sum = 0
    for index in (offset..<offset + digits).reversed() {
      header[index] = UInt8(ascii: "0") + UInt8(rest & 7)
      sum += Int(header[index])
      rest >>= 3
    }
    return sum
  }
}
