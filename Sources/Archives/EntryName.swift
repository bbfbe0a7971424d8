/// A name inside an archive, judged before anything is done with it.
enum EntryName {
  /// The verdict on a name's bytes.
  enum Verdict: Equatable {
    case accepted(String)
    case refused(ArchiveIssue.Kind, shown: String, reason: String)
  }

  static let longest = 4096

  /// Returns the cleaned name (`./a//b` becomes `a/b`, `a\b` stays), or why it is refused.
  static func judge(_ bytes: some Collection<UInt8>) -> Verdict {
    if isPlain(bytes) { return .accepted(String(decoding: bytes, as: UTF8.self)) }
    guard let name = String(validating: bytes, as: UTF8.self) else {
      return .refused(
        .undecodableName, shown: escaped(bytes), reason: "the name is not UTF-8 text")
    }
    let shown = escaped(bytes)
    func unsafe(_ reason: String) -> Verdict {
      .refused(.unsafeName, shown: shown, reason: reason)
    }
    if name.isEmpty { return unsafe("the name is empty") }
    if bytes.count > longest { return unsafe("the name is longer than \(longest) bytes") }
    if bytes.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      return unsafe("the name has control characters")
    }
    if name.hasPrefix("/") || name.hasPrefix("\\") || hasDriveLetter(bytes) {
      return unsafe("the name is absolute")
    }
    let components = name.split(whereSeparator: { $0 == "/" || $0 == "\\" })
    if components.contains("..") { return unsafe("the name climbs out with '..'") }
    let kept = name.split(separator: "/").filter { $0 != "." }
    if kept.isEmpty { return unsafe("the name is empty") }
    return .accepted(kept.joined(separator: "/"))
  }

  /// Whether a name needs no second look: printable ASCII without `\\` and `:`, and no component that
  /// is empty or begins with a dot. Nearly all names are such.
  private static func isPlain(_ bytes: some Collection<UInt8>) -> Bool {
    guard bytes.count <= longest else { return false }
    var last = UInt8(ascii: "/")
    for byte in bytes {
      guard byte >= 0x20, byte < 0x7F, byte != UInt8(ascii: "\\"), byte != UInt8(ascii: ":") else {
        return false
      }
      let isStart = last == UInt8(ascii: "/")
      if isStart, byte == UInt8(ascii: "/") || byte == UInt8(ascii: ".") { return false }
      last = byte
    }
    return last != UInt8(ascii: "/")
  }

  private static func hasDriveLetter(_ bytes: some Collection<UInt8>) -> Bool {
    let head = Array(bytes.prefix(2))
    guard head.count == 2, head[1] == UInt8(ascii: ":") else { return false }
    return (head[0] | 0x20) >= UInt8(ascii: "a") && (head[0] | 0x20) <= UInt8(ascii: "z")
  }

  /// Printable text for any bytes: what is not printable ASCII or valid UTF-8 becomes `\xNN`.
  static func escaped(_ bytes: some Collection<UInt8>) -> String {
    let isText = String(validating: bytes, as: UTF8.self) != nil
    var text: [UInt8] = []
    for byte in bytes.prefix(longest) {
      if (byte >= 0x20 && byte < 0x7F) || (isText && byte >= 0x80) {
        text.append(byte)
      } else {
        text += Array("\\x".utf8) + [digit(byte >> 4), digit(byte & 15)]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}

/// Which names are archives, to be read as folders.
enum ArchiveName {
  static let suffixes = [
    ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst", ".7z",
    ".rar",
  ]

  static func isArchive(_ name: String) -> Bool {
    // Most names are those of pictures: one look at the last byte settles them.
    guard let last = name.utf8.last, lastBytes.contains(last) else { return false }
    let lower = name.lowercased()
    return suffixes.contains { lower.hasSuffix($0) }
  }

  private static let lastBytes = Set(
    suffixes.flatMap { [$0, $0.uppercased()] }.compactMap(\.utf8.last))

  /// True where a file's first bytes are those of an archive or a compressed stream.
  static func hasArchiveMagic(_ head: [UInt8]) -> Bool {
    let magics: [[UInt8]] = [
      [0x50, 0x4B, 3, 4], [0x50, 0x4B, 5, 6], [0x50, 0x4B, 7, 8], [0x1F, 0x8B],
      [0x42, 0x5A, 0x68], [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0], [0x28, 0xB5, 0x2F, 0xFD],
      [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], [0x52, 0x61, 0x72, 0x21, 0x1A, 7],
    ]
    if magics.contains(where: { head.starts(with: $0) }) { return true }
    return head.count >= 262 && head[257..<262].elementsEqual("ustar".utf8)
  }

  /// The pieces of a volume or split archive whose first piece is `path`, in order.
  ///
  /// Plain pieces are `name.001`, `name.002`, ...; RAR volumes are `name.part1.rar`, ... or, as
  /// older programs name them, `name.rar`, `name.r00`, ..., `name.r99`, `name.s00`, ...
  static func pieces(of path: String, exists: (String) -> Bool) -> [String] {
    if let volumes = oldVolumes(of: path, exists: exists) { return volumes }
    for (first, width) in [(".001", 3), (".part1.rar", 1), (".part01.rar", 2), (".part001.rar", 3)]
    where path.lowercased().hasSuffix(first) {
      let isVolume = first.hasSuffix(".rar")
      let digits = path.index(path.endIndex, offsetBy: -(isVolume ? 4 + width : width))
      let stem = path[..<digits]
      let tail = isVolume ? path.suffix(4) : ""
      var found: [String] = []
      while true {
        let number = String(found.count + 1)
        let padding = String(repeating: "0", count: max(0, width - number.utf8.count))
        let candidate = "\(stem)\(padding)\(number)\(tail)"
        guard exists(candidate) else { return found }
        found.append(candidate)
      }
    }
    return [path]
  }

  private static func oldVolumes(of path: String, exists: (String) -> Bool) -> [String]? {
    guard path.lowercased().hasSuffix(".rar"), exists(path.dropLast(2) + "00") else { return nil }
    let isUpper = path.hasSuffix("RAR")
    var found = [path]
    for letter in isUpper ? "RSTUVWXYZ" : "rstuvwxyz" {
      for number in 0..<100 {
        let volume = "\(path.dropLast(3))\(letter)\(number < 10 ? "0" : "")\(number)"
        guard exists(volume) else { return found }
        found.append(volume)
      }
    }
    return found
  }

  /// The last piece of the split zip (`name.z01`, `name.z02`, ..., `name.zip`) that `path` is a piece
  /// of.
  static func splitZip(of path: String, exists: (String) -> Bool) -> String? {
    let suffix = path.lowercased().suffix(4)
    let stem = path.dropLast(4)
    if suffix == ".zip" { return exists(stem + ".z01") ? path : nil }
    guard suffix.hasPrefix(".z"), suffix.dropFirst(2).allSatisfy({ $0.isASCII && $0.isNumber }),
      exists(stem + ".zip")
    else { return nil }
    return stem + ".zip"
  }

  /// True for the second and later pieces of a volume or split archive.
  static func isLaterPiece(_ path: String, exists: (String) -> Bool) -> Bool {
    if let first = oldVolumesStart(of: path) { return exists(first) }
    guard let number = pieceNumber(path), number.value > 1 else { return false }
    let padded = String(repeating: "0", count: max(0, number.digits - 1)) + "1"
    return exists(number.stem + padded + number.tail)
  }

  /// `name.rar` of `name.r00`.
  private static func oldVolumesStart(of path: String) -> String? {
    let suffix = path.utf8.suffix(4).map { $0 }
    guard suffix.count == 4, suffix[0] == UInt8(ascii: "."),
      (UInt8(ascii: "r")...UInt8(ascii: "z")).contains(suffix[1] | 0x20),
      suffix[2...].allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    return path.dropLast(3) + (suffix[1] & 0x20 == 0 ? "RAR" : "rar")
  }

  private static func pieceNumber(
    _ path: String
  ) -> (stem: String, value: Int, digits: Int, tail: String)? {
    var body = Substring(path)
    var tail = ""
    if path.lowercased().hasSuffix(".rar") {
      tail = String(path.suffix(4))
      body = body.dropLast(4)
    }
    let digits = String(body.reversed().prefix { $0.isASCII && $0.isNumber }.reversed())
    let stem = body.dropLast(digits.count)
    guard let value = Int(digits) else { return nil }
    let isPiece = tail.isEmpty ? stem.hasSuffix(".") && digits.count == 3 : stem.hasSuffix(".part")
    return isPiece ? (String(stem), value, digits.count, tail) : nil
  }
}
