import Archives
import Platform
import Testing

/// Entries that share their bytes: the sizes are true, and their sum is a bomb.
@Test func overlappingEntriesAreABomb() throws {
  let folder = try TemporaryFolder()
  let bytes = RawZip.overlapping(64, kernel: [UInt8](repeating: 7, count: 32 << 10))
  let path = try folder.file("overlap.zip", bytes)
  #expect(try contents(path).files.count == 64)
  var limits = ArchiveLimits()
  limits.freeBytes = 1 << 20
  limits.ratio = 10
  let fault = #expect(throws: Fault.self) { try contents(path, limits: limits) }
  #expect(fault?.message.contains("a decompression bomb") == true)
}

/// The extra field of ZIP64 states sizes of its own, where the header has all ones.
@Test func sizesOfZIP64ThatLieAreFound() throws {
  let folder = try TemporaryFolder()
  for stated in [4, 6, 1 << 31, 1 << 40, Int.max, -1] {
    var raw = RawZip()
    let extra =
      RawZip.number(1, 2) + RawZip.number(16, 2) + RawZip.number(stated, 8)
      + RawZip.number(stated, 8)
    raw.entries.append(
      .init(
        name: Array("lie".utf8), bytes: Array("bytes".utf8), statedSize: 0xFFFF_FFFF, extra: extra))
    raw.add("next", [1])
    let path = try folder.file("lie.zip", raw.bytes)
    do {
      let files = try contents(path).files
      #expect(!files.contains { $0.0 == "lie" }, "stated \(stated)")
    } catch let fault as Fault { #expect(!fault.message.isEmpty) }
  }
}

/// The end of a ZIP64 says where the directory begins and how many entries it has.
@Test func directoriesOfZIP64ThatLieEndInAFault() throws {
  let folder = try TemporaryFolder()
  var raw = RawZip()
  raw.add("a.txt", Array("alpha".utf8))
  let plain = raw.bytes
  let directory = try #require(
    plain.indices.first { plain[$0...].starts(with: [0x50, 0x4B, 1, 2]) })
  let end = plain.count - 22
  for (count, size, start) in [
    (1, end - directory, directory), (Int.max, Int.max, directory), (1, end - directory, Int.max),
    (1, Int.max, 0), (1 << 40, 1, -1), (-1, -1, -1),
  ] {
    let record =
      RawZip.number(0x0606_4B50, 4) + RawZip.number(44, 8) + RawZip.number(45, 2)
      + RawZip.number(45, 2) + RawZip.number(0, 8) + RawZip.number(count, 8)
      + RawZip.number(count, 8) + RawZip.number(size, 8) + RawZip.number(start, 8)
    let locator =
      RawZip.number(0x0706_4B50, 4) + RawZip.number(0, 4) + RawZip.number(end, 8)
      + RawZip.number(1, 4)
    let last = RawZip.number(0x0605_4B50, 4) + [UInt8](repeating: 0xFF, count: 16) + [0, 0]
    let path = try folder.file("lie.zip", Array(plain[..<end]) + record + locator + last)
    do {
      #expect(try contents(path).files.count <= 1)
    } catch let fault as Fault { #expect(!fault.message.isEmpty) }
  }
}

/// A header of a tar: name, size, kind and the name that a link leads to.
private func member(
  _ name: String, _ kind: Character, _ bytes: [UInt8] = [], to target: String = ""
) -> [UInt8] {
  func field(_ text: String, _ width: Int) -> [UInt8] {
    let head = Array(text.utf8.prefix(width))
    return head + [UInt8](repeating: 0, count: width - head.count)
  }
  func octal(_ value: Int, _ width: Int) -> [UInt8] {
    let digits = String(value, radix: 8)
    return field(String(repeating: "0", count: width - 1 - digits.utf8.count) + digits, width)
  }
  var header = field(name, 100) + octal(0o644, 8) + octal(0, 8) + octal(0, 8)
  header += octal(bytes.count, 12) + octal(0, 12) + [UInt8](repeating: 0x20, count: 8)
  header += [kind.asciiValue ?? 0] + field(target, 100) + field("ustar", 6) + Array("00".utf8)
  header += [UInt8](repeating: 0, count: 512 - header.count)
  let sum = header.reduce(0) { $0 + Int($1) }
  header.replaceSubrange(148..<156, with: octal(sum, 7) + [0x20])
  let padding = [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  return header + bytes + padding
}

@Test func tarsWithNamesThatLeaveLinksDevicesAndPipesGiveTheirFilesOnly() throws {
  let folder = try TemporaryFolder()
  var tar: [UInt8] = []
  for name in ["/etc/cron.d/x", "../up", "a/../../b"] { tar += member(name, "0", [1]) }
  tar += member("soft", "2", to: "/etc/passwd") + member("hard", "1", to: "good")
  tar += member("character", "3") + member("block", "4") + member("pipe", "6")
  tar += member("folder/", "5") + member("good", "0", Array("good".utf8))
  tar += member("soft/through", "0", [2]) + member("good", "0", Array("again".utf8))
  let path = try folder.file("a.tar", tar + [UInt8](repeating: 0, count: 1024))
  let (files, issues) = try contents(path)
  #expect(files.map(\.0) == ["good", "soft/through"])
  #expect(files.first?.1 == "good")
  let kinds = Dictionary(grouping: issues, by: \.kind).mapValues(\.count)
  #expect(kinds == [.unsafeName: 3, .link: 2, .special: 3, .duplicateName: 1])
}
