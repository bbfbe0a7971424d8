import Platform
import Testing

@Suite struct PrefetcherTests {
  @Test(arguments: [0, 1, 3])
  func valuesComeInOrder(ahead: Int) throws {
    let prefetcher = Prefetcher(count: 50, ahead: ahead) { $0 * $0 }
    for index in 0..<50 { #expect(try prefetcher.next() == index * index) }
    #expect(try prefetcher.next() == nil)
  }

  @Test(arguments: [0, 2])
  func anErrorComesAtItsIndexAndEndsTheSequence(ahead: Int) throws {
    let prefetcher = Prefetcher(count: 9, ahead: ahead) { index in
      if index == 3 { throw Fault(.badInput, "the fourth") }
      return index
    }
    for index in 0..<3 { #expect(try prefetcher.next() == index) }
    #expect(throws: Fault.self) { try prefetcher.next() }
    #expect(try prefetcher.next() == nil)
  }

  @Test func leavingEarlyEndsTheThread() throws {
    let made = Locked(0)
    do {
      let prefetcher = Prefetcher(count: 1000, ahead: 2) { index in
        made.withLock { $0 += 1 }
        return index
      }
      #expect(try prefetcher.next() == 0)
    }
    #expect(made.withLock { $0 } <= 4)
  }

  @Test func noValuesIsTheEnd() throws {
    #expect(try Prefetcher(count: 0, ahead: 2) { $0 }.next() == nil)
  }
}
