import Artifacts
import Platform
import Testing

@Suite struct DigestTests {
  /// FIPS 180-4's examples.
  @Test func knownDigests() {
    #expect(
      Digest(hashing: "abc").hex
        == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      Digest(hashing: "").hex
        == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
  }

  @Test func stepsEqualOneGo() throws {
    let data = (0..<700_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    var hasher = DigestHasher()
    for start in stride(from: 0, to: data.count, by: 977) {
      hasher.update(data[start..<min(start + 977, data.count)])
    }
    let folder = try TemporaryDirectory()
    try Files.write(data, to: folder("a"))
    let whole = Digest(hashing: data)
    #expect(hasher.finish() == whole)
    #expect(try Digest(ofFile: folder("a")) == whole)
    #expect(Digest(hex: whole.hex) == whole)
    #expect(Digest(hex: "zz") == nil)
  }

  @Test func foldersCountByContent() throws {
    let folder = try TemporaryDirectory()
    for side in ["a", "b"] {
      try Files.makeDirectories(folder("\(side)/sub"))
      try Files.write("1", to: folder("\(side)/sub/x"))
      try Files.write("2", to: folder("\(side)/y"))
    }
    let first = try ContentDigest.of(folder("a"), threads: 2)
    #expect(try ContentDigest.of(folder("b"), threads: 1) == first)
    try Files.rename(folder("b/y"), to: folder("b/z"))
    #expect(try ContentDigest.of(folder("b"), threads: 1) != first)
  }
}
