/// The POSIX ustar entries of our own shards: plain files, fixed owner, mode and time.
enum Tar {
  static let block = 512

  /// A header, the data and its padding.
  static func entry(_ name: String, _ data: [UInt8]) -> [UInt8] {
    precondition(name.utf8.count <= 100, "ustar names have at most 100 bytes")
    var header = [UInt8](repeating: 0, count: block)
    func put(_ text: String, at offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    put(name, at: 0)
    put("0000644\0", at: 100)
    put("0000000\0", at: 108)
    put("0000000\0", at: 116)
    put(octal(data.count, 11) + "\0", at: 124)
    put(octal(0, 11) + "\0", at: 136)
    put("        ", at: 148)
    put("0", at: 156)
    put("ustar\0", at: 257)
    put("00", at: 263)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    let padding = (block - data.count % block) % block
    return header + data + [UInt8](repeating: 0, count: padding)
  }

  private static func octal(_ number: Int, _ width: Int) -> String {
    let digits = String(number, radix: 8)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
