import Platform
import Testing

@Test(arguments: [1, 2, 5]) func outputsComeInTheOrderOfInputs(_ threads: Int) throws {
  let map = StreamingMap<Int, Int>(threads: threads) { number in
    (0..<(number % 7 * 1000)).reduce(0, &+) >= 0 ? number * number : 0
  }
  var found: [Int] = []
  for number in 0..<500 {
    map.push(number)
    while map.count > 20, let output = try map.next() { found.append(output) }
    while let output = try map.ready() { found.append(output) }
  }
  while let output = try map.next() { found.append(output) }
  #expect(found == (0..<500).map { $0 * $0 })
  #expect(map.count == 0)
}

@Test func anErrorComesInItsInputsTurn() throws {
  let map = StreamingMap<Int, Int>(threads: 3) { number in
    if number == 2 { throw Fault(.badInput, "two") }
    return number
  }
  for number in 0..<4 { map.push(number) }
  #expect(try map.next() == 0)
  #expect(try map.next() == 1)
  #expect(throws: Fault.self) { try map.next() }
  #expect(try map.next() == 3)
  #expect(try map.next() == nil)
  // A map that goes with work in it ends its threads.
  let other = StreamingMap<Int, Int>(threads: 3) { $0 }
  for number in 0..<100 { other.push(number) }
}
