import Archives
import Glibc
import Platform
import Testing

private func zip(_ folder: TemporaryFolder, _ build: (inout RawZip) -> Void) throws -> String {
  var raw = RawZip()
  build(&raw)
  return try folder.file("attack.zip", raw.bytes)
}

@Test func namesThatLeaveTheArchiveAreRefused() throws {
  let folder = try TemporaryFolder()
  let path = try zip(folder) { raw in
    for name in [
      "../up.txt", "/etc/passwd", "a/../../b", "C:/x", "..\\up", "\\\\host\\x", "a\u{7}b",
    ] {
      raw.add(name, Array("x".utf8))
    }
    raw.entries.append(.init(name: [0x61, 0xFF, 0xFE], bytes: [1]))
    raw.add("./good//name.txt", Array("good".utf8))
  }
  let (files, issues) = try contents(path)
  #expect(files.map(\.0) == ["good/name.txt"])
  #expect(issues.count == 8)
  #expect(issues.filter { $0.kind == .unsafeName }.count == 7)
  #expect(issues.contains { $0.kind == .undecodableName && $0.path == "a\\xFF\\xFE" })
}

@Test func linksAndDevicesAreNotFollowed() throws {
  let folder = try TemporaryFolder()
  let path = try zip(folder) { raw in
    raw.add("link", Array("/etc/passwd".utf8), mode: 0o120777)
    raw.add("device", [], mode: 0o020666)
    raw.add("file", [1])
  }
  let (files, issues) = try contents(path)
  #expect(files.map(\.0) == ["file"])
  #expect(issues.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.link, .special])
}

@Test func aSecondEntryOfTheSameNameIsPassedOver() throws {
  let folder = try TemporaryFolder()
  let path = try zip(folder) { raw in
    raw.add("a.txt", Array("first".utf8))
    raw.add("./a.txt", Array("second".utf8))
  }
  let (files, issues) = try contents(path)
  #expect(files.map(\.1) == ["first"])
  #expect(issues.map(\.kind) == [.duplicateName])
}

@Test func aBadChecksumIsFoundAndTheRestStillReads() throws {
  let folder = try TemporaryFolder()
  let path = try zip(folder) { raw in
    raw.add("bad", Array("bytes".utf8), crc: 1)
    raw.add("good", Array("fine".utf8))
  }
  var outcomes: [String] = []
  _ = try ArchiveReader.open(path).visit { entry in
    do {
      outcomes.append(String(decoding: try entry.read(), as: UTF8.self))
    } catch let fault as Fault {
      #expect(fault.place?.file == "bad")
      outcomes.append("fault")
    }
  }
  #expect(outcomes == ["fault", "fine"])
}

@Test func aLyingSizeIsFound() throws {
  let folder = try TemporaryFolder()
  for stated in [3, 9, Int(UInt32.max) - 1] {
    let path = try zip(folder) { $0.add("lie", Array("bytes".utf8), statedSize: stated) }
    #expect(throws: Fault.self, "stated \(stated)") { try contents(path) }
  }
}

@Test func aDecompressionBombStopsEarly() throws {
  let folder = try TemporaryFolder()
  for format in [ArchiveWriter.Format.zip, .tarGzip] {
    let path = Files.join(folder.path, format == .zip ? "bomb.zip" : "bomb.tar.gz")
    let writer = try ArchiveWriter(path, format: format, packing: .deflate)
    for number in 0..<8 { try writer.add("zeros\(number)", [UInt8](repeating: 0, count: 16 << 20)) }
    try writer.finish()
    let fault = #expect(throws: Fault.self) { try contents(path) }
    #expect(fault?.message.contains("bomb") == true)
    var small = ArchiveLimits()
    small.bytesPerEntry = 1 << 20
    let large = #expect(throws: Fault.self) { try contents(path, limits: small) }
    #expect(large?.message.contains("larger than the limit") == true)
  }
}

@Test func archivesNestedWithoutEndAreRefused() throws {
  let folder = try TemporaryFolder()
  var bytes = Array("core".utf8)
  var name = "core.txt"
  for level in 0..<6 {
    var raw = RawZip()
    raw.add(name, bytes)
    bytes = raw.bytes
    name = "level\(level).zip"
  }
  let fault = #expect(throws: Fault.self) { try contents(try folder.file("deep.zip", bytes)) }
  #expect(fault?.message.contains("nested") == true)
}

@Test func aFolderThatLinksToItselfEnds() throws {
  let folder = try TemporaryFolder()
  _ = try folder.file("a/one.txt", [1])
  symlink("..", Files.join(folder.path, "a/loop"))
  symlink("/nowhere", Files.join(folder.path, "dangling"))
  mkfifo(Files.join(folder.path, "pipe"), 0o600)
  let (files, issues) = try contents(folder.path)
  #expect(files.map(\.0) == ["a/one.txt"])
  #expect(issues.map(\.kind) == [.link, .link, .special])
}

/// Cutting or flipping any byte may lose entries or raise a fault, and nothing else.
@Test func anyCutOrFlippedByteEndsInAFaultOrFewerEntries() throws {
  let folder = try TemporaryFolder()
  for format in [ArchiveWriter.Format.zip, .tarGzip, .sevenZip] {
    let whole = Files.join(folder.path, "whole.bin")
    let writer = try ArchiveWriter(whole, format: format, packing: .deflate)
    try writer.add("a.txt", text: "alpha alpha alpha alpha")
    try writer.add("b.txt", text: "beta")
    try writer.finish()
    let bytes = try Files.read(whole)
    for position in bytes.indices {
      var flipped = bytes
      flipped[position] ^= 0xFF
      for variant in [Array(bytes[..<position]), flipped] {
        let path = try folder.file("variant.bin", variant)
        do {
          let files = try contents(path).files
          #expect(files.count <= 2)
        } catch is Fault {}
      }
    }
  }
}

/// Archives that other projects collected for their own traps.
@Test(.enabled(if: getenv("FERRY_TEST_DATA") != nil, "FERRY_TEST_DATA is not set"))
func collectedArchivesNeverCrashOrEscape() throws {
  let root = String(cString: getenv("FERRY_TEST_DATA")) + "/fixtures/archives"
  var read = 0
  for folder in ["ZIPFoundation", "zip2", "zip2/legacy"] {
    let here = Files.join(root, folder)
    for name in try Files.list(here) where name.hasSuffix(".zip") {
      do {
        let (files, issues) = try contents(Files.join(here, name))
        #expect(files.allSatisfy { !$0.0.hasPrefix("/") && !$0.0.contains("../") })
        if name.contains("Traversal") || name == "symlink.zip" { #expect(!issues.isEmpty) }
        read += 1
      } catch let fault as Fault {
        #expect(!fault.message.isEmpty)
      }
    }
  }
  #expect(read >= 30)
  let aes = Files.join(root, "zip2/aes_archive.zip")
  let locked = #expect(throws: Fault.self) { try contents(aes) }
  #expect(locked?.message.contains("encrypted") == true)
  #expect(try contents(aes, passphrase: "helloworld").files.isEmpty == false)
}
