import Artifacts
import Platform
import Testing

@Suite struct RowCollectionTests {
  @Test func rowsAndPayloadsComeBack() throws {
    let folder = try TemporaryDirectory()
    let writer = try RowCollectionWriter(folder.path)
    let payloads: [[UInt8]?] = [[1, 2, 3], nil, Array(repeating: 9, count: 1024), []]
    for (index, payload) in payloads.enumerated() {
      try writer.append(["id": .string("row \(index)")], payload: payload)
    }
    try writer.finish()
    let reader = try RowCollectionReader(folder.path)
    #expect(reader.rows.map { $0["id"]?.string } == ["row 0", "row 1", "row 2", "row 3"])
    for (index, payload) in payloads.enumerated() {
      #expect(reader.withPayload(index) { $0.map { Array($0) } } == payload)
    }
    let tar = try Files.read(folder("shards/00000.tar"))
    #expect(tar.count % 512 == 0)
    #expect(tar[257..<262].elementsEqual("ustar".utf8))
  }

  @Test func earlierRowsAreReadBackWhileOthersAreWritten() throws {
    let folder = try TemporaryDirectory()
    let writer = try RowCollectionWriter(folder.path)
    for number in 0..<300 {
      let payload = number % 5 == 0 ? nil : [UInt8](repeating: UInt8(number & 255), count: number)
      try writer.append(["id": .string("row \(number)"), "z": 1], payload: payload)
      for earlier in [0, number / 2, number] {
        let (row, bytes) = try writer.read(earlier)
        #expect(row == ["id": .string("row \(earlier)"), "z": 1])
        #expect(
          bytes
            == (earlier % 5 == 0
              ? nil : [UInt8](repeating: UInt8(earlier & 255), count: earlier)))
      }
    }
    let digests = try writer.finish()
    #expect(digests.keys.sorted() == ["index.jsonl", "shards/00000.tar"])
    for (name, digest) in digests {
      #expect(try Digest(ofFile: Files.join(folder.path, name)) == digest)
    }
  }

  /// The index's line is the shard's row with one member more, in canonical order.
  @Test(arguments: [
    #"{"a":1,"z":2}"#, #"{"a":1}"#, #"{"z":2}"#, "{}",
    #"{"o":"\"x\u0001","pay":[1],"q":{"b":1,"a":2}}"#,
  ])
  func theMemberPayloadStandsInOrder(_ text: String) throws {
    let folder = try TemporaryDirectory()
    let row = try JSONValue.parse(Array(text.utf8), file: "row")
    let writer = try RowCollectionWriter(folder.path)
    try writer.append(row, payload: [7, 8])
    try writer.append(row)
    try writer.finish()
    let lines = try Files.readText(folder(RowCollection.indexName)).split(separator: "\n")
    var whole = row
    whole["payload"] = [
      "shard": "shards/00000.tar", "offset": 512, "size": 2, "name": "00000000.jpg",
    ]
    #expect(lines.map(String.init) == [whole.canonical, row.canonical])
    let tar = try Files.read(folder("shards/00000.tar"))
    #expect(tar[1536..<1536 + row.canonicalBytes.count].elementsEqual(row.canonicalBytes))
  }

  @Test(arguments: [
    #"{"payload":{"shard":"../x","offset":0,"size":1,"name":"a"}}"#,
    #"{"payload":{"shard":"/etc/passwd","offset":0,"size":1,"name":"a"}}"#,
    #"{"payload":{"shard":"shards/0.tar","offset":-1,"size":1,"name":"a"}}"#,
    #"{"payload":{"shard":"shards/0.tar","offset":9223372036854775807,"size":2,"name":"a"}}"#,
    #"{"payload":{"shard":"shards/0.tar","offset":3,"size":2,"name":"a"}}"#,
    #"{"payload":{"shard":"shards/none.tar","offset":0,"size":2,"name":"a"}}"#,
    #"{"payload":3}"#, "{", "nonsense",
  ])
  func damagedIndexesAreRefused(_ line: String) throws {
    let folder = try TemporaryDirectory()
    try Files.makeDirectories(folder("shards"))
    try Files.write("abcd", to: folder("shards/0.tar"))
    try Files.write(line + "\n", to: folder(RowCollection.indexName))
    #expect(throws: Fault.self) { try RowCollectionReader(folder.path) }
  }
}

@Suite struct CSVTests {
  @Test func quotesLineEndsAndMarks() throws {
    let text = "\u{FEFF}a,\"b,\"\"c\"\"\",\r\n\"x\ny\",z,\rlast"
    let rows = try CSV.rows(Array(text.utf8), file: "t.csv")
    #expect(rows.map(\.cells) == [["a", "b,\"c\"", ""], ["x\ny", "z", ""], ["last"]])
    #expect(rows.map(\.line) == [1, 2, 4])
  }

  @Test(arguments: ["\"open", "\"a\"b,c", "a\n\"x\" y"])
  func brokenQuotesAreRefused(_ text: String) {
    #expect(throws: Fault.self) { try CSV.rows(Array(text.utf8), file: "t.csv") }
  }

  @Test func formulasAreNeutralised() throws {
    #expect(
      CSV.line(["=1+1", "-3.5", "@x", "a,b", "q\"", "+cmd"])
        == "'=1+1,-3.5,'@x,\"a,b\",\"q\"\"\",'+cmd\n")
  }
}
