import Datasets
import Platform
import Samples
import Testing

@Test func countsThatDeviateNameBothNumbers() throws {
  let one = DatasetProtocol(
    name: "toy", summary: "", classes: try ClassList(exactly: ["fear", "anger"]),
    expected: [.train: ["fear": 2, "anger": 1]], expectedTotals: [.test: 5])
  let fault = #expect(throws: Fault.self) {
    try one.check([.train: ["fear": 2, "anger": 3], .test: ["fear": 4]], accepting: false)
  }
  #expect(fault?.message.contains("train anger: 3 instead of 1") == true)
  #expect(fault?.message.contains("test: 4 instead of 5") == true)
  #expect(fault?.remedy?.contains("accept_counts") == true)
  #expect(try one.check([.train: ["fear": 1]], accepting: true).count == 3)
}
