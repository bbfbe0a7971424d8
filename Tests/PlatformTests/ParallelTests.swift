import Platform
import Testing

@Suite struct ParallelTests {
  @Test(arguments: [1, 2, 3, 8])
  func mapKeepsOrder(threads: Int) throws {
    let squares = try Parallel.map(100, threads: threads) { $0 * $0 }
    #expect(squares == (0..<100).map { $0 * $0 })
  }

  @Test(arguments: [1, 4])
  func theFirstErrorIsThrown(threads: Int) {
    #expect {
      try Parallel.forEach(50, threads: threads) { index in
        if index >= 10 { throw Fault(.badInput, "at \(index)") }
      }
    } throws: { ($0 as? Fault)?.message == "at 10" }
  }

  @Test func nearestWordsAreNear() {
    let words = ["epochs", "momentum", "learning_rate"]
    #expect(nearestWord(to: "epoch", among: words) == "epochs")
    #expect(nearestWord(to: "learnin_rate", among: words) == "learning_rate")
    #expect(nearestWord(to: "zzz", among: words) == nil)
  }
}
