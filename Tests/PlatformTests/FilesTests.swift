import Platform
import Testing

@Suite struct FilesTests {
  @Test func replaceLeavesNothingBeside() throws {
    let folder = try TemporaryDirectory()
    try Files.write("old", to: folder("a"))
    try Files.replace(folder("a"), with: "new".utf8)
    #expect(try Files.readText(folder("a")) == "new")
    #expect(try Files.list(folder.path) == ["a"])
  }

  @Test func removeTreeDoesNotFollowLinks() throws {
    let folder = try TemporaryDirectory()
    try Files.makeDirectories(folder("keep/deep"))
    try Files.write("x", to: folder("keep/deep/file"))
    try Files.makeDirectories(folder("gone"))
    try Files.symbolicLink(to: "../keep", at: folder("gone/link"))
    try Files.removeTree(folder("gone"))
    #expect(try Files.list(folder.path) == ["keep"])
    #expect(Files.exists(folder("keep/deep/file")))
  }

  @Test func missingFilesAreMissingInput() throws {
    let folder = try TemporaryDirectory()
    #expect {
      try Files.read(folder("none"))
    } throws: { error in
      let fault = error as? Fault
      return fault?.code == .missingInput && fault?.message.contains("none") == true
    }
  }

  @Test func limitsHold() throws {
    let folder = try TemporaryDirectory()
    try Files.write("12345", to: folder("a"))
    #expect(throws: Fault.self) { try Files.read(folder("a"), limit: 4) }
    #expect(try Files.read(folder("a"), limit: 5).count == 5)
  }

  @Test(arguments: [
    ("/a/b", "/a", "b"), ("a/b/", "a", "b"), ("a", ".", "a"), ("/a", "/", "a"),
  ])
  func pathsSplit(path: String, parent: String, name: String) {
    #expect(Files.parent(of: path) == parent)
    #expect(Files.name(of: path) == name)
  }

  @Test func mappedFilesMatchRead() throws {
    let folder = try TemporaryDirectory()
    try Files.write([1, 2, 3], to: folder("a"))
    try Files.write([], to: folder("empty"))
    #expect(try MappedFile(folder("a")).withBytes { Array($0) } == [1, 2, 3])
    #expect(try MappedFile(folder("empty")).bytes.count == 0)
    #expect(throws: Fault.self) { try MappedFile(folder.path) }
  }
}
