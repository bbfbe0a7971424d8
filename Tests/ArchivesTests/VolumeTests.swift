import Archives
import Glibc
import Platform
import Testing

private let text = (0..<400).map { "line \($0)\n" }.joined()

@Test func volumesOfRARAreOneArchive() throws {
  for names in [
    ["set.part1.rar", "set.part2.rar", "set.part3.rar"], ["set.rar", "set.r00", "set.r01"],
  ] {
    let folder = try TemporaryFolder()
    let volumes = RawRAR.volumes("inner/a.txt", Array(text.utf8), parts: 3)
    for (name, bytes) in zip(names, volumes) { _ = try folder.file(name, bytes) }
    let (files, issues) = try contents(folder.path)
    #expect(files.map(\.0) == [names[0] + "/inner/a.txt"])
    #expect(files.first?.1 == text)
    #expect(issues.isEmpty)
    #expect(try contents(Files.join(folder.path, names[0])).files.map(\.1) == [text])
  }
}

@Test func aMissingVolumeIsAFault() throws {
  let folder = try TemporaryFolder()
  let volumes = RawRAR.volumes("a.txt", Array(text.utf8), parts: 3)
  _ = try folder.file("set.part1.rar", volumes[0])
  _ = try folder.file("set.part3.rar", volumes[2])
  #expect(throws: Fault.self) { try contents(folder.path) }
}

@Test func aSplitZipIsRefusedWithTheCommandThatJoinsIt() throws {
  let folder = try TemporaryFolder()
  _ = try folder.file("set.z01", [0x50, 0x4B, 7, 8])
  _ = try folder.file("set.zip", [0x50, 0x4B, 5, 6])
  for path in [folder.path, Files.join(folder.path, "set.zip")] {
    let fault = #expect(throws: Fault.self) { try contents(path) }
    #expect(fault?.remedy == "join it first: zip -s 0 set.zip --out whole.zip")
  }
}

/// The header of an xz block states the size of its dictionary in one byte; here it is raised.
@Test func aDictionaryLargerThanTheLimitIsRefused() throws {
  let folder = try TemporaryFolder()
  let path = Files.join(folder.path, "a.tar.xz")
  let writer = try ArchiveWriter(path, format: .tarXz)
  try writer.add("a.bin", (0..<3000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) })
  try writer.finish()
  var bytes = try Files.read(path)
  // After the stream's 12 bytes: size, flags, filter 0x21 (LZMA2), one byte of properties.
  #expect(Array(bytes[13...15]) == [0, 0x21, 1])
  let end = 12 + 4 * (Int(bytes[12]) + 1)
  for (code, isRead) in [(UInt8(28), true), (30, false)] {
    bytes[16] = code
    let crc = RawZip.checksum(Array(bytes[12..<end - 4]))
    for index in 0..<4 { bytes[end - 4 + index] = UInt8(truncatingIfNeeded: crc >> (8 * index)) }
    let raised = try folder.file("raised.tar.xz", bytes)
    if isRead {
      #expect(try contents(raised).files.count == 1, "64 MiB")
    } else {
      let fault = #expect(throws: Fault.self) { try contents(raised) }
      #expect(fault?.message.contains("a dictionary of 128 MiB") == true)
      #expect(fault?.remedy?.contains("unpack the archive") == true)
    }
  }
}

/// A frame of zstd states its window in one byte: here 256 MiB, beyond libzstd's own bound.
@Test func aWindowOfZstdLargerThanTheLimitIsRefusedWithARemedy() throws {
  let folder = try TemporaryFolder()
  let frame: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD, 0, 0x90, 0x09, 0, 0, 0x61]
  let fault = #expect(throws: Fault.self) {
    try contents(try folder.file("set.tar.zst", frame))
  }
  #expect(fault?.remedy == "unpack the archive and give the folder, or pack it as zip")
}

@Test func aLaterPieceIsNoSourceByItself() throws {
  let folder = try TemporaryFolder()
  for (first, later) in [("a.zip.001", "a.zip.002"), ("s.part1.rar", "s.part2.rar")] {
    _ = try folder.file(first, [1])
    let path = try folder.file(later, [2])
    let fault = #expect(throws: Fault.self) { try contents(path) }
    #expect(fault?.remedy == "give the first piece, or the folder that holds all")
  }
}

@Test func anEncryptedZipOpensWithItsPassphraseOnly() throws {
  let folder = try TemporaryFolder()
  for encryption in [ArchiveWriter.Encryption.zipCrypto, .aes256] {
    let path = Files.join(folder.path, "locked.zip")
    let writer = try ArchiveWriter(path, packing: .deflate, encryption: encryption, "open sesame")
    try writer.add("a.txt", text: text)
    try writer.finish()
    #expect(try contents(path, passphrase: "open sesame").files.map(\.1) == [text])
    for wrong in [nil, "open"] {
      let fault = #expect(throws: Fault.self) { try contents(path, passphrase: wrong) }
      #expect(fault?.remedy?.contains("FERRY_PASSPHRASE") == true, "\(fault?.description ?? "")")
    }
  }
}

/// libarchive opens no 7z that is encrypted: written by py7zr, with the entry and with the header
/// encrypted.
@Test func anEncrypted7zIsRefusedWithARemedy() throws {
  let entry =
    "377abcaf271c00048a14aba17d000000000000001400000000000000864adb49bf58dce9f8240137229e3c324515e1"
    + "86010068010406000109100a01f22717a100070b0100022406f1070112530fc50fe3165ceaaa3135e4b5817b3212"
    + "f6010001000c050500080a016a39e0d000000501190400000000110d0061002e007400780074000000140a010040"
    + "27dcf5ed79dd01150601002080808100000017061001096d00070b010001212101180c690000"
  let header =
    "377abcaf271c00040c832e9680000000000000002800000000000000cbd131041c4e3f6d287092152fd685ab2bd6b8"
    + "ffda73a7312db352f1afad910140b65e5e47b7e3b5f4dd52caeea59a881eccc0fa10b3aa9116959d22c669e1ccb6"
    + "55e4d443046292560dc1349dae964a626923894fb132150d3f493b5e92b4e6e7edee0974fbe15cbb6c395c50ac4d"
    + "f9f73f6ec5a02f3124247f22c51e085199727df1be17061001097000070b0100012406f1070112530f51451fc0c8"
    + "f00a3d9b00b0a076d566200c690000"
  let folder = try TemporaryFolder()
  for text in [entry, header] {
    let digits = Array(text)
    let bytes = stride(from: 0, to: digits.count, by: 2).compactMap {
      UInt8(String(digits[$0...$0 + 1]), radix: 16)
    }
    let fault = #expect(throws: Fault.self) {
      try contents(try folder.file("locked.7z", bytes), passphrase: "p")
    }
    #expect(fault?.remedy?.contains("pack it as a zip") == true, "\(fault?.description ?? "")")
  }
}
