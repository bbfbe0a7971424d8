import Imaging
import Platform
import Portraits
import Testing

@Suite struct PrototypeTests {
  @Test func prototypesCarryTheirUnits() {
    let codes = Dictionary(
      uniqueKeysWithValues: Prototype.allCases.map { ($0, $0.units.map(\.code)) })
    #expect(codes[.surprise] == ["1", "2", "5", "26"])
    #expect(codes[.fear] == ["1", "2", "4", "5", "7", "20", "26"])
    #expect(codes[.disgust] == ["9", "15", "16"])
    #expect(codes[.happiness] == ["6", "12"])
    #expect(codes[.sadness] == ["1", "4", "15"])
    #expect(codes[.anger] == ["4", "5", "7", "23"])
    #expect(codes[.neutral] == [])
    #expect(codes[.contempt] == ["R12", "R14"])
  }
}
