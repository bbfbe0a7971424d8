import Artifacts
import Datasets
import Platform
import Samples
import Testing

@Test func aPictureOfAnothersKeyIsNoDuplicate() {
  var ledger = PictureLedger()
  let pictures = ["a", "b", "a", "c", "b"]
  var found: [Int?] = []
  for (number, picture) in pictures.enumerated() {
    found.append(
      ledger.enter(PictureKey(bits: 7), number: number) { pictures[$0] == picture ? $0 : nil })
  }
  #expect(found == [nil, nil, 0, nil, 1])
}

/// Somebody who makes pictures of one key gains no quadratic work.
@Test func manyPicturesOfOneKeyAreLookedAtAFewTimes() {
  var ledger = PictureLedger()
  var looks = 0
  for number in 0..<1000 {
    let found: Int? = ledger.enter(PictureKey(bits: 0), number: number) { _ in
      looks += 1
      return nil
    }
    #expect(found == nil)
  }
  #expect(looks <= 1000 * PictureLedger.mostLooks)
}

@Test func keysOfDifferentPicturesDiffer() {
  var generator = SeededGenerator(seed: 5)
  let picture = (0..<1003).map { _ in UInt8.random(in: 0...255, using: &generator) }
  var keys = Set<UInt64>()
  for position in picture.indices {
    var changed = picture
    changed[position] ^= 1
    keys.insert(PictureKey(changed).entry(number: 0))
  }
  keys.insert(PictureKey(picture).entry(number: 0))
  #expect(keys.count == picture.count + 1)
}

@Test func aRowsLineIsItsCanonicalText() throws {
  var row = SampleRow(id: "a \"b\"", source: "x/\u{7}y.jpg", split: .train, label: nil)
  var rows = [row]
  row.label = "fear"
  row.subject = "S1"
  row.votes = [0.25, 1]
  row.attributes = ["z": "1", "a": "é"]
  row.points = [PicturePoint(1.5, 2)]
  row.autoPoints = [PicturePoint(0, 0)]
  row.box = [1, 2, 3, 4]
  rows.append(row)
  for row in rows {
    let folders = try [TemporaryDirectory(), TemporaryDirectory()]
    let writers = try folders.map { try RowCollectionWriter($0.path) }
    try writers[0].append(row.json, payload: [1])
    try writers[1].append(row.line, payload: [1])
    let digests = try writers.map { try $0.finish() }
    #expect(digests[0] == digests[1])
  }
}

/// Among many pictures some meet by their keys alone: such are written both, and none is a duplicate.
@Test func differentPicturesOfOneKeyAreBothWritten() throws {
  let (first, second) = picturesOfOneKey()
  var fixture = DatasetFixture()
  fixture.add("anger/a.bmp", first)
  fixture.add("fear/b.bmp", second)
  fixture.add("fear/c.bmp", second)
  var options = IngestOptions(dataset: "image-folder")
  options.acceptTerms = true
  let ingested = try fixture.ingest(options)
  #expect(ingested.payloads == [first, second, second])
  #expect(ingested.rejects.map { $0[0] } == ["duplicate-image"])
}

/// Two BMPs of 3 x 3 pixels, found by their number: some hundred thousand keys of 32 bits meet.
private func picturesOfOneKey() -> ([UInt8], [UInt8]) {
  var header: [UInt8] = Array("BM".utf8) + [UInt8](repeating: 0, count: 52)
  for (offset, value) in [
    (2, 90), (10, 54), (14, 40), (18, 3), (22, 3), (26, 1), (28, 24), (34, 36),
  ] {
    header[offset] = UInt8(value)
  }
  func picture(_ number: UInt32) -> [UInt8] {
    let pixels = withUnsafeBytes(of: number.littleEndian) { Array($0) }
    return header + pixels + [UInt8](repeating: 0, count: 32)
  }
  var numbers: [UInt32: UInt32] = [:]
  for number in UInt32(0)... {
    let key = UInt32(PictureKey(picture(number)).entry(number: 0) >> 32)
    if let other = numbers.updateValue(number, forKey: key) {
      return (picture(other), picture(number))
    }
  }
  return ([], [])
}
