import Platform
import Testing

@Test func aTableFindsEveryEntryAndNoOther() {
  var table = CompactTable()
  var generator = SeededGenerator(seed: 3)
  let entries = (0..<5000).map { _ in UInt64.random(in: 1 ... .max, using: &generator) }
  for entry in entries { table.insert(entry) }
  #expect(table.count == entries.count)
  #expect(entries.allSatisfy { entry in table.first(like: entry) { $0 } == entry })
  #expect((0..<1000).allSatisfy { table.first(like: UInt64($0) << 1 + 1) { $0 } == nil })
}

@Test func entriesOfOneKeyComeInOrder() {
  var table = CompactTable(keyBits: 32)
  for number in 1...3000 as ClosedRange<UInt64> { table.insert((number % 7) << 32 | number) }
  for key in 0..<7 as Range<UInt64> {
    var found: [UInt64] = []
    let stopped = table.first(like: key << 32) { entry -> Bool? in
      found.append(entry & 0xFFFF_FFFF)
      return found.count == 400 ? true : nil
    }
    #expect(stopped == true)
    #expect(found == (1...3000).filter { $0 % 7 == key }.prefix(400).map { $0 })
  }
}

@Test func aSetOfTextsKnowsWhatItHasMet() {
  var texts = TextSet()
  let new = (0..<2000).map { texts.insert("train_\($0)") } + [texts.insert("")]
  #expect(!new.contains(false))
  let known = (0..<2000).map { texts.insert("train_\($0)") } + [texts.insert("")]
  #expect(!known.contains(true))
}

@Test func aValueIsMadeMeanwhileAndGivenEveryTime() throws {
  let value = Future { (1...100).reduce(0, +) }
  #expect(try value.get() == 5050)
  #expect(try value.get() == 5050)
  let failing = Future<Int> { throw Fault(.badInput, "no") }
  #expect(throws: Fault.self) { try failing.get() }
}
