import Archives
import Platform
import Testing

/// Zips whose directory is long are read by parts of it.
@Suite struct ZipDirectoryTests {
  private func raw(_ count: Int) -> RawZip {
    var raw = RawZip()
    for number in 0..<count {
      raw.add(
        "folder/\(number % 17 == 0 ? "a longer name for " : "")\(number).txt",
        Array("text \(number)".utf8))
    }
    return raw
  }

  private func limits(_ bytes: Int) -> ArchiveLimits {
    var limits = ArchiveLimits()
    limits.directoryPart = bytes
    return limits
  }

  @Test(arguments: [false, true], [200, 500, 1 << 20])
  func partsGiveTheSameEntriesInTheSameOrder(_ isLarge: Bool, _ bytes: Int) throws {
    let folder = try TemporaryFolder()
    var zip = raw(120)
    zip.isLarge = isLarge
    let path = try folder.file("many.zip", zip.bytes)
    let (files, issues) = try contents(path, limits: limits(bytes))
    #expect(
      files.map(\.0)
        == zip.entries.map { String(decoding: $0.bytes.isEmpty ? [] : $0.name, as: UTF8.self) })
    #expect(files.map(\.1) == (0..<120).map { "text \($0)" })
    #expect(issues.isEmpty)
  }

  /// Other archives, and zips that end in something else, are left as they are.
  @Test func othersAreReadAsAWhole() throws {
    let folder = try TemporaryFolder()
    let formats: [(ArchiveWriter.Format, String)] = [
      (.zip, "a.zip"), (.tar, "a.tar"), (.tarGzip, "a.tar.gz"), (.tarXz, "a.tar.xz"),
      (.sevenZip, "a.7z"),
    ]
    for (format, name) in formats {
      let writer = try ArchiveWriter(Files.join(folder.path, name), format: format)
      for number in 0..<20 { try writer.add("\(number).txt", text: "text \(number)") }
      try writer.add("inner.zip", raw(20).bytes)
      try writer.finish()
      let texts = try contents(Files.join(folder.path, name), limits: limits(100)).files.map(\.1)
      #expect(texts == (0..<20).map { "text \($0)" } + (0..<20).map { "text \($0)" }, "\(name)")
    }
    var zip = raw(30).bytes
    zip += [UInt8](repeating: 0x20, count: 40)
    let path = try folder.file("tail.zip", zip)
    #expect(try contents(path, limits: limits(300)).files.count == 30)
  }

  @Test func aZipInsideATarIsReadByParts() throws {
    let folder = try TemporaryFolder()
    let outer = try ArchiveWriter(Files.join(folder.path, "outer.tar"), format: .tar)
    try outer.add("inner.zip", raw(50).bytes)
    try outer.finish()
    let files = try contents(Files.join(folder.path, "outer.tar"), limits: limits(300)).files
    #expect(files.count == 50)
    #expect(files.last?.0 == "inner.zip/folder/49.txt")
  }

  @Test func encryptedAndUnsafeEntriesAreJudgedInEveryPart() throws {
    let folder = try TemporaryFolder()
    let path = Files.join(folder.path, "secret.zip")
    let writer = try ArchiveWriter(path, encryption: .zipCrypto, "word")
    for number in 0..<40 { try writer.add("\(number).txt", text: "secret \(number)") }
    try writer.finish()
    let files = try contents(path, passphrase: "word", limits: limits(400)).files
    #expect(files.map(\.1) == (0..<40).map { "secret \($0)" })
    #expect(throws: Fault.self) { try contents(path, limits: limits(400)) }
    var zip = raw(60)
    zip.add("../up.txt", [1])
    zip.add("folder/3.txt", [2])
    let issues = try contents(
      try folder.file("attack.zip", zip.bytes), limits: limits(300)
    ).issues
    #expect(issues.map(\.kind) == [.unsafeName, .duplicateName])
  }

  @Test func damageInALaterPartIsAFault() throws {
    let folder = try TemporaryFolder()
    for size in [30, 100, 400, 1000] {
      var zip = raw(60)
      zip.afterDirectory = [UInt8](repeating: 0x41, count: size)
      let path = try folder.file("damaged.zip", zip.bytes)
      #expect(throws: Fault.self, "\(size)") { try contents(path, limits: limits(300)) }
    }
  }

  /// Every byte of directory and end records, flipped: no crash, no hang, no other bytes.
  @Test func everyFlippedByteOfADirectoryIsHarmless() throws {
    let folder = try TemporaryFolder()
    for isLarge in [false, true] {
      var zip = raw(12)
      zip.isLarge = isLarge
      let bytes = zip.bytes
      let start = zip.entries.reduce(0) { $0 + 30 + $1.name.count + $1.bytes.count }
      for position in start..<bytes.count {
        for flip in [0x01, 0x80, 0xFF] as [UInt8] {
          var changed = bytes
          changed[position] ^= flip
          let path = try folder.file("flipped.zip", changed)
          let texts = (try? contents(path, limits: limits(256)))?.files.map(\.1) ?? []
          #expect(texts.count <= 12 && texts.allSatisfy { $0.hasPrefix("text ") })
        }
      }
    }
  }
}
