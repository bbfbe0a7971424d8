import Archives
import Glibc
import Platform
import TestSupport
import Testing

/// A folder that is removed when the test ends.
final class TemporaryFolder {
  let path: String

  init() throws {
    path = "\(scratchRoot)/ferry-archives-\(getpid())-\(Files.temporaryNumber())"
    try Files.makeDirectories(path)
  }

  deinit { try? Files.removeTree(path) }

  func file(_ name: String, _ bytes: [UInt8]) throws -> String {
    let target = Files.join(path, name)
    try Files.makeDirectories(Files.parent(of: target))
    try Files.write(bytes, to: target)
    return target
  }
}

/// The paths and texts of a source, and what was passed over.
func contents(
  _ path: String, passphrase: String? = nil, limits: ArchiveLimits = ArchiveLimits()
) throws -> (files: [(String, String)], issues: [ArchiveIssue]) {
  var files: [(String, String)] = []
  let issues = try ArchiveReader.open(path, passphrase: passphrase, limits: limits).visit {
    files.append(($0.path, String(decoding: try $0.read(), as: UTF8.self)))
  }
  return (files, issues)
}

@Test func everyFormatRoundTrips() throws {
  let folder = try TemporaryFolder()
  let formats: [(ArchiveWriter.Format, String)] = [
    (.zip, "a.zip"), (.tar, "a.tar"), (.tarGzip, "a.tar.gz"), (.tarXz, "a.tar.xz"),
    (.sevenZip, "a.7z"),
  ]
  for (format, name) in formats {
    let path = Files.join(folder.path, name)
    let writer = try ArchiveWriter(path, format: format, packing: .deflate)
    try writer.add("b/two.txt", text: "zwei")
    try writer.add("a/schön.txt", text: String(repeating: "eins", count: 50_000))
    try writer.add("empty", [])
    try writer.finish()
    let (files, issues) = try contents(path)
    #expect(issues.isEmpty)
    let found = files.map(\.0)
    #expect(Set(found) == ["b/two.txt", "a/schön.txt", "empty"], "\(name)")
    #expect(files.first { $0.0 == "a/schön.txt" }?.1.utf8.count == 200_000)
  }
}

@Test func aZipCarriesNoClockAndNoOwner() throws {
  let folder = try TemporaryFolder()
  let path = Files.join(folder.path, "1.zip")
  let writer = try ArchiveWriter(path, packing: .deflate)
  try writer.add("x/y.jpg", Array(repeating: 7, count: 3000))
  try writer.finish()
  let bytes = try Files.read(path)
  // Local header: time and date fields at byte 10, 1980-01-01 00:00 in the zip's own encoding.
  #expect(Array(bytes[10..<14]) == [0, 0, 0x21, 0])
  // The extended time stamp, "UT", is there with one byte of flags that says: no times.
  let tag = try #require(
    bytes.indices.dropLast(5).first { bytes[$0...].starts(with: [0x55, 0x54]) })
  #expect(Array(bytes[tag + 2..<tag + 5]) == [1, 0, 0])
  let again = try ArchiveWriter(path, packing: .deflate)
  try again.add("x/y.jpg", Array(repeating: 7, count: 3000))
  try again.finish()
  #expect(try Files.read(path) == bytes)
}

@Test func foldersArchivesAndArchivesInArchivesAreOneSource() throws {
  let folder = try TemporaryFolder()
  let innerPath = Files.join(folder.path, "inner.zip")
  let inner = try ArchiveWriter(innerPath)
  try inner.add("original/train_00001.jpg", text: "one")
  try inner.finish()
  let outer = try ArchiveWriter(Files.join(folder.path, "outer.tar"), format: .tar)
  try outer.add("basic/Image/original.zip", try Files.read(innerPath))
  try outer.add("basic/EmoLabel/list.txt", text: "train_00001.jpg 5")
  try outer.finish()
  _ = try folder.file("z/plain.txt", Array("plain".utf8))
  let paths = try contents(folder.path).files.map(\.0)
  #expect(
    paths == [
      "inner.zip/original/train_00001.jpg",
      "outer.tar/basic/Image/original.zip/original/train_00001.jpg",
      "outer.tar/basic/EmoLabel/list.txt", "z/plain.txt",
    ])
  // The outermost archive itself adds nothing to the paths; a streamed inner one reads the same.
  var limits = ArchiveLimits()
  limits.nestedInMemory = 0
  for limits in [ArchiveLimits(), limits] {
    let tar = try contents(Files.join(folder.path, "outer.tar"), limits: limits).files
    #expect(tar.map(\.0).first == "basic/Image/original.zip/original/train_00001.jpg")
    #expect(tar.map(\.1) == ["one", "train_00001.jpg 5"])
  }
}

@Test func aPlainFileIsASourceOfOneEntry() throws {
  let folder = try TemporaryFolder()
  let path = try folder.file("fer2013.csv", Array("emotion,pixels,Usage\n".utf8))
  #expect(try contents(path).files.map(\.0) == ["fer2013.csv"])
}

@Test func splitPiecesAreReadAsOneArchive() throws {
  let folder = try TemporaryFolder()
  let whole = Files.join(folder.path, "whole.bin")
  let writer = try ArchiveWriter(whole, format: .tarGzip)
  try writer.add("a.txt", text: "alpha")
  try writer.add("b.txt", Array((0..<9000).map { UInt8(truncatingIfNeeded: $0 * $0 >> 3) }))
  try writer.finish()
  let bytes = try Files.read(whole)
  try Files.removeTree(whole)
  for (number, start) in stride(from: 0, to: bytes.count, by: 1000).enumerated() {
    let name = "set.tar.gz.00\(number + 1)"
    _ = try folder.file(name, Array(bytes[start..<min(bytes.count, start + 1000)]))
  }
  let files = try contents(folder.path).files
  #expect(files.map(\.0).map { Files.name(of: $0) } == ["a.txt", "b.txt"])
  #expect(files.first?.1 == "alpha")
}

@Test func aMissingSourceNamesThePath() throws {
  let fault = #expect(throws: Fault.self) { try ArchiveReader.open("/nowhere/at/all.zip") }
  #expect(fault?.code == .missingInput)
  #expect(fault?.message.contains("/nowhere/at/all.zip") == true)
}
